using System.Text;

namespace Countersign.Server.Mail;

/// <summary>Reads replies and writes lines on one stream. Everything that a server can send without end has a bound.</summary>
internal sealed class SmtpLines(Stream stream)
{
    private const int LongestLine = 2048; // RFC 5321 4.5.3.1.5 says 512; extensions may say more
    private const int MostLines = 100;
    private readonly byte[] buffer = new byte[4096];
    private int start;
    private int end;

    /// <summary>Something was sent that nobody has asked for yet. Before TLS that is an attack: it would be taken for what the server says inside (CVE-2011-0411).</summary>
    public bool HasMore => start < end;

    public async Task<SmtpReply> ReadAsync(CancellationToken cancellation)
    {
        var lines = new List<string>();
        while (true)
        {
            var line = await LineAsync(cancellation);
            if (line.Length < 3 || !line.AsSpan(0, 3).ContainsOnlyDigits() || line[0] is < '2' or > '5' || (line.Length > 3 && line[3] is not (' ' or '-')))
            {
                throw new SmtpException("it does not answer in SMTP");
            }

            var code = int.Parse(line.AsSpan(0, 3), System.Globalization.CultureInfo.InvariantCulture);
            lines.Add(line.Length > 4 ? line[4..] : "");
            if (line.Length == 3 || line[3] == ' ')
            {
                return new(code, lines);
            }

            if (lines.Count >= MostLines)
            {
                throw new SmtpException("its answer does not end");
            }
        }
    }

    public async Task WriteAsync(string line, CancellationToken cancellation)
    {
        await stream.WriteAsync(Encoding.ASCII.GetBytes(line + "\r\n"), cancellation);
        await stream.FlushAsync(cancellation);
    }

    private async Task<string> LineAsync(CancellationToken cancellation)
    {
        var line = new StringBuilder();
        while (true)
        {
            if (start == end)
            {
                (start, end) = (0, await stream.ReadAsync(buffer, cancellation));
                if (end == 0)
                {
                    throw new IOException("it hung up");
                }
            }

            var found = Array.IndexOf(buffer, (byte)'\n', start, end - start);
            var stop = found < 0 ? end : found;
            line.Append(Encoding.Latin1.GetString(buffer, start, stop - start));
            start = found < 0 ? end : found + 1;
            if (line.Length > LongestLine)
            {
                throw new SmtpException("its answer is too long");
            }

            if (found >= 0)
            {
                return line.Length > 0 && line[^1] == '\r' ? line.ToString(0, line.Length - 1) : throw new SmtpException("its lines do not end as SMTP's do");
            }
        }
    }
}

internal static class AsciiDigits
{
    public static bool ContainsOnlyDigits(this ReadOnlySpan<char> text) => !text.ContainsAnyExceptInRange('0', '9');
}
