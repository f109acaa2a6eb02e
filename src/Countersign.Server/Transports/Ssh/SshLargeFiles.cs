using System.Text.Json;
using Countersign.Server.People;
using Countersign.Core.Git;
using Countersign.Server.Transports.Https.LargeFiles;

namespace Countersign.Server.Transports.Ssh;

/// <summary>
/// <c>git-lfs-authenticate</c>: large files go over HTTPS, and this says where, with a token that stands for the SSH key there. It
/// is a first factor and nothing more: whether anything is owed is decided when it is used.
/// </summary>
internal sealed class SshLargeFiles(SshLfsTokens tokens, GatewayOptions gateway)
{
    public async Task<int> AuthenticateAsync(SshSession session, AuthenticatedCredential who, SshCommandLine.LargeFiles line, CancellationToken cancellation)
    {
        var token = tokens.Seal(who, line.Repository, line.Upload, session.Login.Client);
        await using (var json = new Utf8JsonWriter(session.Output))
        {
            json.WriteStartObject();
            json.WriteString("href", $"{gateway.Url.GetLeftPart(UriPartial.Authority)}/scm/{line.Repository}.git/info/lfs");
            json.WriteStartObject("header");
            json.WriteString("Authorization", $"Bearer {token}");
            json.WriteEndObject();
            json.WriteNumber("expires_in", (long)SshLfsTokens.Life.TotalSeconds);
            json.WriteEndObject();
        }

        await session.Output.FlushAsync(cancellation);
        return 0;
    }
}
