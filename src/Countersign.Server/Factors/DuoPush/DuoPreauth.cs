using System.Text.Json;

namespace Countersign.Server.Factors.DuoPush;

/// <param name="Id">Duo's key.</param>
/// <param name="Name">For people, printable.</param>
/// <param name="TakesPush">A push can be sent to it.</param>
internal sealed record DuoDevice(string Id, string Name, bool TakesPush);

/// <summary>What Duo says of a person before anything is sent to them.</summary>
internal abstract record DuoPreauth
{
    private const int MostDevices = 100; // Duo's own limit

    private DuoPreauth()
    {
    }

    /// <summary>They are to be asked.</summary>
    /// <param name="Devices">Where.</param>
    /// <param name="VerifiedTxid">Set where a Verified Push is asked for: the transaction to send it in.</param>
    /// <param name="Code">The number to type in Duo Mobile, where it is known already.</param>
    public sealed record Ask(IReadOnlyList<DuoDevice> Devices, string? VerifiedTxid, string? Code) : DuoPreauth;

    /// <summary>Duo lets them pass without asking. That proves nothing to us.</summary>
    public sealed record Bypass : DuoPreauth;

    public sealed record Denied(string Message) : DuoPreauth;

    /// <summary>Duo does not know them yet.</summary>
    /// <param name="Link">Where they enrol, where Duo names an https address.</param>
    public sealed record Enrol(Uri? Link) : DuoPreauth;

    public static DuoPreauth? Read(JsonElement response) => DuoAnswer.Text(response, "result") switch
    {
        "auth" => ReadAsk(response),
        "allow" => new Bypass(),
        "deny" => new Denied(DuoText.Line(DuoAnswer.Text(response, "status_msg"))),
        "enroll" => new Enrol(LinkOf(DuoAnswer.Text(response, "enroll_portal_url"))),
        _ => null,
    };

    private static Ask? ReadAsk(JsonElement response)
    {
        var devices = new List<DuoDevice>();
        if (response.TryGetProperty("devices", out var list))
        {
            if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() > MostDevices)
            {
                return null;
            }

            foreach (var one in list.EnumerateArray())
            {
                if (one.ValueKind != JsonValueKind.Object || DuoAnswer.Text(one, "device") is not { } id || !DuoIds.IsDevice(id))
                {
                    return null;
                }

                var name = DuoText.Line(DuoAnswer.Text(one, "display_name") is { Length: > 0 } shown ? shown : DuoAnswer.Text(one, "name") is { Length: > 0 } given ? given : DuoAnswer.Text(one, "number"));
                devices.Add(new(id, name.Length > 0 ? name : "phone", TakesPush(one)));
            }
        }

        var txid = DuoAnswer.Text(response, "txid");
        var code = DuoAnswer.Text(response, "verification_code");
        return txid is not null && !DuoIds.IsTransaction(txid) || code is not null && !(code.Length is >= 3 and <= 6 && code.All(char.IsAsciiDigit))
            ? null
            : new(devices, txid, txid is null ? null : code);
    }

    private static bool TakesPush(JsonElement device) =>
        device.TryGetProperty("capabilities", out var capabilities) && capabilities.ValueKind == JsonValueKind.Array
        && capabilities.EnumerateArray().Any(one => one.ValueKind == JsonValueKind.String && one.ValueEquals("push"));

    private static Uri? LinkOf(string? text) =>
        text is { Length: < 2000 } && Uri.TryCreate(text, UriKind.Absolute, out var link) && link.Scheme == "https" && link.UserInfo.Length == 0 ? link : null;
}

/// <summary>The shapes of Duo's keys. They go into signed calls and into our database, so nothing else comes in.</summary>
internal static class DuoIds
{
    public static bool IsTransaction(string text) => text.Length is > 0 and <= 64 && text.All(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_');

    public static bool IsDevice(string text) => text.Length is > 0 and <= 64 && text.All(char.IsAsciiLetterOrDigit);
}
