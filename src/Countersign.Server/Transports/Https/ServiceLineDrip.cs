using System.Buffers;
using System.IO.Pipelines;
using Countersign.Core.Git;
using Countersign.Server.Enforcement;

namespace Countersign.Server.Transports.Https;

/// <summary>
/// The line that every <c>info/refs</c> answer begins with in versions 0 and 1, sent byte by byte while a command is held, for
/// clients that hang up on silence. It says nothing of the repository. With its first byte the status is 200, so that a
/// later refusal is an <c>ERR</c> packet behind it (<c>docs/decisions/0016-service-line-drip.md</c>).
/// </summary>
internal sealed class ServiceLineDrip(HttpContext context, GitService service)
{
    private readonly byte[] line = Line(service);
    private int sent;

    public bool HasBegun => sent > 0;

    /// <summary>
    /// How long there is a byte for every step. The last byte never goes out during a hold: a client that has the whole
    /// line and then hears nothing takes the silence for the end of an empty repository.
    /// </summary>
    public TimeSpan Lasts(TimeSpan step) => (line.Length - sent) * step;

    public async ValueTask DripAsync(CancellationToken cancellation)
    {
        if (sent == line.Length - 1)
        {
            return;
        }

        if (!HasBegun)
        {
            GitHttpAnswer.Begin(context, service, "advertisement");
            context.Response.Headers["X-Accel-Buffering"] = "no"; // nginx would collect the bytes that are meant to be seen
        }

        context.Response.BodyWriter.Write(line.AsSpan(sent++, 1));
        await context.Response.BodyWriter.FlushAsync(cancellation);
    }

    public async Task RefuseAsync(string text, CancellationToken cancellation)
    {
        WriteRest();
        context.Response.BodyWriter.WriteError(text);
        await context.Response.BodyWriter.FlushAsync(cancellation);
    }

    /// <summary>Lets the far side write its whole answer; what was sent of it already is taken away.</summary>
    public async Task<ForwardOutcome> ForwardAsync(Func<PipeWriter, Task<ForwardOutcome>> advertise)
    {
        WriteRest();
        var refs = new AfterServiceLine(context.Response.BodyWriter);
        var outcome = await advertise(refs);
        refs.Release();
        return outcome;
    }

    private void WriteRest()
    {
        context.Response.BodyWriter.Write(line.AsSpan(sent));
        sent = line.Length;
    }

    private static byte[] Line(GitService service)
    {
        var line = new ArrayBufferWriter<byte>();
        AdvertisementAnswer.WriteService(line, service);
        return line.WrittenSpan.ToArray();
    }
}
