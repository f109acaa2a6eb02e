using System.Globalization;
using System.Text;

namespace Countersign.Bench.Forwarding;

/// <summary>What the origin answers without Git, for rates that a process for each request would hide.</summary>
internal static class ConstantAnswers
{
    /// <summary>The repository that is served so, and every one whose name goes on with digits.</summary>
    public const string Repository = "constant";

    private const string Tip = "3f1c2ba9d0e4567890abcdef1234567890abcdef";

    /// <summary>
    /// What version 2 shows at <c>info/refs</c> (gitprotocol-v2): capabilities, no refs. The gateway adds <c>sideband-all</c> where
    /// it is missing; here it is there, so that all ways answer the same bytes.
    /// </summary>
    public static string Capabilities { get; } =
        Packet("version 2\n") + Packet("agent=git/2.39.5\n") + Packet("ls-refs=unborn\n") + Packet("fetch=shallow wait-for-done sideband-all\n")
        + Packet("server-option\n") + Packet("object-format=sha1\n") + "0000";

    /// <summary>What version 2 answers to <c>ls-refs</c>.</summary>
    public static string Listing { get; } =
        Packet($"{Tip} HEAD symref-target:refs/heads/main\n") + Packet($"{Tip} refs/heads/main\n") + "0000";

    /// <summary>A ref list of about 512 bytes (gitprotocol-http).</summary>
    public static string RefList { get; } =
        Packet("# service=git-upload-pack\n") + "0000"
        + Packet($"{Tip} HEAD\0multi_ack thin-pack side-band side-band-64k ofs-delta no-progress symref=HEAD:refs/heads/main agent=git/2.39.5\n")
        + string.Concat(Enumerable.Range(1, 4).Select(number => Packet(string.Create(CultureInfo.InvariantCulture, $"{Tip} refs/heads/topic-{number}\n"))))
        + "0000";

    /// <summary>The locations of an nginx that answers so; the ref list has a NUL in it and so must be a file.</summary>
    /// <param name="folder">For the file.</param>
    public static string Locations(string folder)
    {
        var refs = Path.Combine(folder, "refs");
        File.WriteAllText(refs, RefList);
        return
            $$"""
            location ~ ^/git/{{Repository}}[0-9]*\.git/info/refs$ {
              default_type application/x-git-upload-pack-advertisement;
              add_header Cache-Control "no-cache, max-age=0, must-revalidate";
              if ($http_git_protocol = "version=2") { return 200 {{Quoted(Capabilities)}}; }
              alias {{refs}};
            }
            location = /git/{{Repository}}.git/git-upload-pack {
              default_type application/x-git-upload-pack-result;
              add_header Cache-Control "no-cache, max-age=0, must-revalidate";
              return 200 {{Quoted(Listing)}};
            }
            """;
    }

    private static string Quoted(string text) => $"\"{text.Replace("\n", "\\n", StringComparison.Ordinal)}\"";

    private static string Packet(string text) => (Encoding.ASCII.GetByteCount(text) + 4).ToString("x4", CultureInfo.InvariantCulture) + text;
}
