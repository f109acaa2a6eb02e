using System.Text.Json;

namespace Countersign.Server.Factors.DuoPush;

internal enum DuoVerdict
{
    Waiting,

    /// <summary>The person has approved our transaction.</summary>
    Allowed,
    Declined,

    /// <summary>The person said that it wasn't them.</summary>
    Fraud,
    TimedOut,

    /// <summary>Denied, but not by the person: locked out, not delivered, forbidden by a rule of Duo's.</summary>
    Refused,
}

/// <summary>How a transaction stands.</summary>
/// <param name="Verdict">What it is worth.</param>
/// <param name="Message">Duo's words, printable and short.</param>
internal sealed record DuoStatus(DuoVerdict Verdict, string Message)
{
    /// <summary>
    /// Null for whatever is not exactly what Duo says. Real clients have taken <c>ALLOW</c>, and <c>allow</c> of another transaction, for a yes.
    /// A bypass is no yes either: the person has seen nothing.
    /// </summary>
    public static DuoStatus? Read(JsonElement response, string? txid)
    {
        if (response.TryGetProperty("txid", out var named) && !(named.ValueKind == JsonValueKind.String && txid is not null && named.ValueEquals(txid)))
        {
            return null;
        }

        var message = DuoText.Line(DuoAnswer.Text(response, "status_msg"));
        return (DuoAnswer.Text(response, "result"), DuoAnswer.Text(response, "status")) switch
        {
            ("waiting", not null) => new(DuoVerdict.Waiting, message),
            ("allow", "allow") => new(DuoVerdict.Allowed, message),
            ("deny", "fraud") => new(DuoVerdict.Fraud, message),
            ("deny", "timeout") => new(DuoVerdict.TimedOut, message),
            ("deny", "deny") => new(DuoVerdict.Declined, message),
            ("deny", not null) => new(DuoVerdict.Refused, message),
            _ => null,
        };
    }
}
