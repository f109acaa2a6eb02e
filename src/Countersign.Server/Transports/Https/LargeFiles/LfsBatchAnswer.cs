using System.Text.Json;
using Countersign.Core.Git;
using Countersign.Core.LargeFiles;
using Countersign.Server.Enforcement;

namespace Countersign.Server.Transports.Https.LargeFiles;

/// <summary>The answer to a batch: for each object the actions, with the gateway's own address and a transfer token, or the host's where those go direct.</summary>
internal sealed class LfsBatchAnswer(TransferTokens tokens, GatewayOptions options, int transferSeconds, TimeProvider clock)
{
    /// <param name="entries">Of the far side.</param>
    /// <param name="request">Whose batch was let through.</param>
    /// <param name="terms">What was in force when it was asked.</param>
    public byte[] Write(IReadOnlyList<LfsEntry> entries, CommandRequest request, BatchTerms terms) => LfsDocument.Write(json =>
    {
        json.WriteString("transfer", "basic");
        json.WriteString("hash_algo", "sha256");
        json.WriteStartArray("objects");
        foreach (var entry in entries)
        {
            json.WriteStartObject();
            json.WriteString("oid", entry.Object.Oid.Hex);
            json.WriteNumber("size", entry.Object.Size);
            json.WriteBoolean("authenticated", true);
            WriteActions(json, entry, request, terms);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });

    private void WriteActions(Utf8JsonWriter json, LfsEntry entry, CommandRequest request, BatchTerms terms)
    {
        if (entry.Error is var (code, message))
        {
            WriteError(json, code, message);
            return;
        }

        var expires = Expiry(entry);
        var sealedOnes = entry.IsDirect ? [] : entry.Actions.Select(action => tokens.Seal(new(
            request.Command.Repository, action, request.PrincipalId, request.PrincipalName, request.Credential, request.Client.Network, terms.Policy, expires)
        {
            For = request.Command.Lfs?.For,
            Place = terms.Place,
        })).ToList();
        if (sealedOnes.Exists(token => token.Length > TransferTokens.MaxLength))
        {
            WriteError(json, 422, "The Git host's address for this object is too long.");
            return;
        }

        if (entry.Actions.Count == 0)
        {
            return; // the far side has it already
        }

        json.WriteStartObject("actions");
        for (var index = 0; index < entry.Actions.Count; index++)
        {
            var action = entry.Actions[index];
            json.WriteStartObject(action.Action.ToString().ToLowerInvariant());
            WritePlace(json, entry.IsDirect ? action.Place! : Here(action, request.Command.Repository, sealedOnes[index]));
            json.WriteNumber("expires_in", (long)(expires - clock.GetUtcNow()).TotalSeconds);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private LfsPlace Here(LfsTransfer transfer, RepositoryPath repository, string token)
    {
        var suffix = transfer.Action == LfsAction.Verify ? "/verify" : "";
        return new(
            new($"{options.Url.GetLeftPart(UriPartial.Authority)}/scm/{repository}.git/info/lfs/objects/{transfer.Object.Oid}{suffix}"),
            new Dictionary<string, string> { ["Authorization"] = $"Bearer {token}" });
    }

    private DateTimeOffset Expiry(LfsEntry entry)
    {
        var own = clock.GetUtcNow().AddSeconds(transferSeconds);
        return entry.Expires is { } host && host < own ? host : own;
    }

    private static void WritePlace(Utf8JsonWriter json, LfsPlace place)
    {
        json.WriteString("href", place.Address.OriginalString);
        json.WriteStartObject("header");
        foreach (var (name, value) in place.Headers)
        {
            json.WriteString(name, value);
        }

        json.WriteEndObject();
    }

    private static void WriteError(Utf8JsonWriter json, int code, string message)
    {
        json.WriteStartObject("error");
        json.WriteNumber("code", code);
        json.WriteString("message", TerminalText.Line(message));
        json.WriteEndObject();
    }
}

/// <summary>What the transfers of a batch rest on: taken before its decision, so that what changes meanwhile has them asked anew.</summary>
/// <param name="Policy">The digest of the policy in force.</param>
/// <param name="Place"><see cref="ILfsUpstream.PlaceOf"/>.</param>
internal sealed record BatchTerms(string Policy, string Place);
