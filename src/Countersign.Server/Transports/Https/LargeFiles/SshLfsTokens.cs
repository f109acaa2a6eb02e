using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using Countersign.Core.Git;
using Countersign.Core.Identities;
using Countersign.Server.People;
using Microsoft.AspNetCore.DataProtection;

namespace Countersign.Server.Transports.Https.LargeFiles;

/// <summary>
/// Tokens that stand for an SSH key at the addresses of Git LFS: for one person, key, repository, operation and network, and a few
/// minutes. Sealed, so that the gateway keeps no table of them; the key itself must still be good when one is used.
/// </summary>
internal sealed partial class SshLfsTokens(IDataProtectionProvider protection, ISshKeys keys, IPeople people, TimeProvider clock)
{
    public static readonly TimeSpan Life = TimeSpan.FromMinutes(10);

    private readonly IDataProtector seal = protection.CreateProtector("Countersign.SshLfs.v1");

    public static bool IsOne(string secret) => secret.StartsWith(StoredSecret.SshLfsPrefix, StringComparison.Ordinal);

    public string Seal(AuthenticatedCredential who, RepositoryPath repository, bool upload, ClientAddress client)
    {
        var row = new Row(
            who.Principal.Id.ToString(), who.Credential.Id, who.Credential.Label, repository.ToString(), upload, client.Network,
            (clock.GetUtcNow() + Life).ToUnixTimeMilliseconds());
        return StoredSecret.SshLfsPrefix + Base64Url.EncodeToString(seal.Protect(JsonSerializer.SerializeToUtf8Bytes(row, RowJson.Default.Row)));
    }

    /// <summary>Who comes with it, and whether for uploads; null for what was not sealed here, for somewhere else, or is over.</summary>
    public SshLfsLogin? Open(string token, RepositoryPath repository, ClientAddress client)
    {
        try
        {
            var row = JsonSerializer.Deserialize(seal.Unprotect(Base64Url.DecodeFromChars(token.AsSpan(StoredSecret.SshLfsPrefix.Length))), RowJson.Default.Row);
            var left = row is null ? TimeSpan.Zero : DateTimeOffset.FromUnixTimeMilliseconds(row.Expires) - clock.GetUtcNow();
            return row is not null
                && left > TimeSpan.Zero && left <= Life // a token from the future is none
                && row.Repository == repository.ToString()
                && row.Network == client.Network
                && PrincipalId.TryParse(row.Person, out var id)
                && people.FindPrincipal(id) is { } person
                && keys.IsLive(id, row.Key)
                    ? new(new(person, new(row.Key, row.Label)), row.Upload)
                    : null;
        }
        catch (Exception exception) when (exception is CryptographicException or FormatException or JsonException)
        {
            return null;
        }
    }

    internal sealed record Row(string Person, string Key, string Label, string Repository, bool Upload, string Network, long Expires);

    [JsonSerializable(typeof(Row))]
    private sealed partial class RowJson : JsonSerializerContext;
}

/// <param name="Who">The person, and the SSH key.</param>
/// <param name="MayWrite">It was asked for to upload with.</param>
internal sealed record SshLfsLogin(AuthenticatedCredential Who, bool MayWrite);
