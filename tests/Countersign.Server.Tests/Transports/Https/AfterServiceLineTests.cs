using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using Countersign.Server.Transports.Https;

namespace Countersign.Server.Tests.Transports.Https;

public sealed class AfterServiceLineTests
{
    private const string Refs = "003fca82a6dff817ec66f44342007202690a93763949 refs/heads/main\n0000";

    [Theory]
    [InlineData("001e# service=git-upload-pack\n0000" + Refs, Refs)]
    [InlineData("001d# service=git-upload-pack0000" + Refs, Refs)]
    [InlineData("001F# service=git-receive-pack\n0000" + Refs, Refs)]
    [InlineData("001e# service=git-upload-pack\n" + Refs, Refs)] // its flush is missing: ours is there
    [InlineData("001e# service=git-upload-pack\n00000000", "0000")] // no refs at all
    [InlineData(Refs, Refs)]
    [InlineData("000eversion 2\n0000", "000eversion 2\n0000")]
    [InlineData("0000", "0000")]
    [InlineData("not Git at all", "not Git at all")]
    [InlineData("00", "00")]
    [InlineData("", "")]
    public async Task Only_the_service_line_is_taken_away_in_whatever_pieces_it_comes(string written, string expected)
    {
        for (var piece = 1; piece <= Math.Max(1, written.Length); piece++)
        {
            Assert.Equal(expected, await ThroughAsync(written, piece, flush: true));
            Assert.Equal(expected, await ThroughAsync(written, piece, flush: false));
        }
    }

    [Fact]
    public async Task Nothing_is_sent_before_the_refs_are_there()
    {
        var pipe = new Pipe();
        var writer = new AfterServiceLine(pipe.Writer);
        await writer.WriteAsync("001e# service=git-upload-pack\n0000"u8.ToArray(), TestContext.Current.CancellationToken);
        Assert.False(pipe.Reader.TryRead(out _));
        await writer.WriteAsync("0000"u8.ToArray(), TestContext.Current.CancellationToken);
        Assert.True(pipe.Reader.TryRead(out var result));
        Assert.Equal(4, result.Buffer.Length);
    }

    private static async Task<string> ThroughAsync(string text, int piece, bool flush)
    {
        var pipe = new Pipe(new(pauseWriterThreshold: 0));
        var writer = new AfterServiceLine(pipe.Writer);
        foreach (var part in Encoding.ASCII.GetBytes(text).Chunk(piece))
        {
            if (flush)
            {
                await writer.WriteAsync(part, TestContext.Current.CancellationToken);
            }
            else
            {
                part.CopyTo(writer.GetSpan(part.Length));
                writer.Advance(part.Length);
            }
        }

        writer.Release();
        await pipe.Writer.CompleteAsync();
        var all = await pipe.Reader.ReadAtLeastAsync(int.MaxValue, TestContext.Current.CancellationToken);
        return Encoding.ASCII.GetString(all.Buffer.ToArray());
    }
}
