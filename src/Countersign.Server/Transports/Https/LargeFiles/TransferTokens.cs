using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using Countersign.Core.Git;
using Countersign.Core.Identities;
using Countersign.Core.LargeFiles;
using Countersign.Server.Enforcement;
using Microsoft.AspNetCore.DataProtection;

namespace Countersign.Server.Transports.Https.LargeFiles;

/// <summary>
/// Seals and opens transfer tokens: encrypted and authenticated, so that the gateway keeps no table of them and what another host
/// said about an object (its address and headers) is nobody's to read or change. They travel in a header, because addresses get logged.
/// </summary>
internal sealed partial class TransferTokens(IDataProtectionProvider protection, TimeProvider clock)
{
    /// <summary>A host's address and headers must leave room for the other headers of the request.</summary>
    public const int MaxLength = 16 * 1024;

    private readonly IDataProtector seal = protection.CreateProtector("Countersign.LfsTransfer.v1");

    public string Seal(TransferToken token) => Base64Url.EncodeToString(seal.Protect(JsonSerializer.SerializeToUtf8Bytes(From(token), TokenJson.Default.Row)));

    /// <summary>Null for what was not sealed here, and for what has expired.</summary>
    public TransferToken? Open(string text)
    {
        if (text.Length > MaxLength)
        {
            return null;
        }

        try
        {
            var row = JsonSerializer.Deserialize(seal.Unprotect(Base64Url.DecodeFromChars(text)), TokenJson.Default.Row);
            return TryRead(row, out var token) && token.Expires > clock.GetUtcNow() ? token : null;
        }
        catch (Exception exception) when (exception is CryptographicException or FormatException or JsonException)
        {
            return null;
        }
    }

    private static Row From(TransferToken token) => new(
        token.Repository.ToString(), token.Transfer.Action, token.Transfer.Object.Oid.Hex, token.Transfer.Object.Size,
        token.PrincipalId.ToString(), token.PrincipalName, token.Credential.Id, token.Credential.Label, token.Network, token.Policy, token.Expires.ToUnixTimeMilliseconds(), token.Place,
        token.Transfer.Place?.Address.OriginalString, token.Transfer.Place?.Headers.ToDictionary(), token.For?.Value);

    private static bool TryRead(Row? row, [NotNullWhen(true)] out TransferToken? token)
    {
        token = row is not null
            && RepositoryPath.TryParse(row.Repository, out var repository)
            && LfsOid.TryParse(row.Oid, out var oid)
            && PrincipalId.TryParse(row.Person, out var person)
            ? new(
                repository,
                new(row.Action, new(oid, row.Size), LfsPlace.AddressOf(row.Address) is { } address ? new(address, row.Headers ?? []) : null),
                person,
                row.Name,
                new(row.Credential, row.Label),
                row.Network,
                row.Policy,
                DateTimeOffset.FromUnixTimeMilliseconds(row.Expires))
            {
                Place = row.Place,
                For = row.For is not null && RefName.TryParse(row.For, out var named) ? named : null,
            }
            : null;
        return token is not null;
    }

    internal sealed record Row(
        string Repository, LfsAction Action, string Oid, long Size,
        string Person, string Name, string Credential, string Label, string Network, string Policy, long Expires, string Place,
        string? Address = null, Dictionary<string, string>? Headers = null, string? For = null);

    [JsonSerializable(typeof(Row))]
    [JsonSourceGenerationOptions(RespectRequiredConstructorParameters = true, RespectNullableAnnotations = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
    private sealed partial class TokenJson : JsonSerializerContext;
}
