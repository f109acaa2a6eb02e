using System.Buffers;

namespace Countersign.Core.Git;

/// <summary>The parts of an <c>info/refs</c> answer that are the gateway's own (gitprotocol-http, "Smart Server Response").</summary>
public static class AdvertisementAnswer
{
    /// <summary>The announcement that goes before the refs, in versions 0 and 1.</summary>
    public static void WriteService(IBufferWriter<byte> writer, GitService service)
    {
        writer.WriteText($"# service={WireName(service)}\n");
        writer.WriteFlush();
    }

    /// <summary>A whole answer that only says why not; the client shows <c>fatal: remote error: text</c>. Right in every version.</summary>
    public static void WriteError(IBufferWriter<byte> writer, GitService service, string text)
    {
        WriteService(writer, service);
        writer.WriteError(text);
    }

    private static string WireName(GitService service) => service switch
    {
        GitService.UploadPack => "git-upload-pack",
        GitService.ReceivePack => "git-receive-pack",
        _ => "git-upload-archive",
    };
}
