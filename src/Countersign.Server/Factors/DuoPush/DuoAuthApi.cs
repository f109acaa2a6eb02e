using Countersign.Core.Identities;
using Microsoft.Extensions.Options;

namespace Countersign.Server.Factors.DuoPush;

/// <summary>What a push shows on the phone.</summary>
/// <param name="Type">Before the word "request", such as <c>Git push</c>.</param>
/// <param name="Person">Whom it is for.</param>
/// <param name="Info">Lines of name and value, URL-encoded; under 20,000 bytes.</param>
internal sealed record DuoMessage(string Type, string Person, string Info);

/// <summary>Either what was asked for, or in a few words why it did not come.</summary>
internal readonly record struct DuoResult<T>(T? Value, string Why)
    where T : class
{
    public static implicit operator DuoResult<T>(T value) => new(value, "");

    public static implicit operator DuoResult<T>(string why) => new(null, why);
}

/// <summary>The parts of the Auth API v2 that are used here.</summary>
internal sealed class DuoAuthApi(DuoCalls calls, IOptions<DuoPushOptions> options)
{
    public const string NoAnswer = "Duo does not answer";
    public const string NotUnderstood = "Duo's answer was not understood";

    /// <summary>
    /// Left out, <c>client_supports_verified_push</c> would silently switch off a rule that asks for Verified Push, and <c>ipaddr</c> every
    /// rule about networks.
    /// </summary>
    public async Task<DuoResult<DuoPreauth>> PreauthAsync(string userName, ClientAddress client, CancellationToken cancellation) =>
        await PostAsync("/auth/v2/preauth", new() { ["username"] = userName, ["ipaddr"] = client.ToString(), ["client_supports_verified_push"] = "1" }, cancellation) switch
        {
            DuoAnswer.Ok { Response: var response } => DuoPreauth.Read(response) is { } preauth ? preauth : NotUnderstood,
            var failure => WhyOf(failure),
        };

    /// <returns>The transaction's key.</returns>
    public async Task<DuoResult<string>> PushAsync(
        string userName, ClientAddress client, string device, string? verifiedTxid, DuoMessage message, CancellationToken cancellation)
    {
        var parameters = new Dictionary<string, string>
        {
            ["username"] = userName, ["ipaddr"] = client.ToString(), ["factor"] = "push", ["async"] = "1", ["device"] = device,
            ["type"] = message.Type, ["display_username"] = message.Person, ["pushinfo"] = message.Info,
        };
        if (verifiedTxid is not null)
        {
            parameters["txid"] = verifiedTxid;
        }

        return await PostAsync("/auth/v2/auth", parameters, cancellation) switch
        {
            DuoAnswer.Ok { Response: var response } when DuoAnswer.Text(response, "txid") is { } txid && DuoIds.IsTransaction(txid) && (verifiedTxid is null || txid == verifiedTxid) =>
                new DuoResult<string>(txid, ""),
            DuoAnswer.Ok => new(null, NotUnderstood),
            var failure => new(null, WhyOf(failure)),
        };
    }

    /// <summary>Answers when something has happened to the transaction, or after a while.</summary>
    public async Task<DuoResult<DuoStatus>> StatusAsync(string txid, CancellationToken cancellation) =>
        await calls.CallAsync(
            new(HttpMethod.Get, "/auth/v2/auth_status", new Dictionary<string, string> { ["txid"] = txid }), TimeSpan.FromSeconds(options.Value.PollSeconds), cancellation) switch
        {
            DuoAnswer.Ok { Response: var response } => DuoStatus.Read(response, txid) is { } status ? status : NotUnderstood,
            var failure => WhyOf(failure),
        };

    public async Task<DuoResult<DuoStatus>> PasscodeAsync(string userName, ClientAddress? client, string passcode, CancellationToken cancellation)
    {
        var parameters = new Dictionary<string, string> { ["username"] = userName, ["factor"] = "passcode", ["passcode"] = passcode };
        if (client is not null)
        {
            parameters["ipaddr"] = client.ToString();
        }

        return await PostAsync("/auth/v2/auth", parameters, cancellation) switch
        {
            DuoAnswer.Ok { Response: var response } => DuoStatus.Read(response, null) is { } status ? status : NotUnderstood,
            var failure => WhyOf(failure),
        };
    }

    private Task<DuoAnswer> PostAsync(string path, Dictionary<string, string> parameters, CancellationToken cancellation) =>
        calls.CallAsync(new(HttpMethod.Post, path, parameters), TimeSpan.FromSeconds(options.Value.AnswerSeconds), cancellation);

    private static string WhyOf(DuoAnswer failure) => failure switch
    {
        DuoAnswer.Refused => "Duo refused to ask you", // why is in the log, for who can do something about it
        DuoAnswer.Wrong => NotUnderstood,
        _ => NoAnswer,
    };
}
