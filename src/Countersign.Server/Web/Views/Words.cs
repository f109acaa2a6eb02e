using Countersign.Core.Challenges;
using Countersign.Core.Identities;
using Countersign.Core.Policies;
using Countersign.Server.Enforcement;
using Countersign.Server.People;
using Countersign.Server.Upstreams.Passed;

namespace Countersign.Server.Web.Views;

/// <summary>The words for people, in one place.</summary>
internal static class Words
{
    public static string Of(FactorKind kind) => kind switch
    {
        FactorKind.WebAuthn => "a security key or passkey",
        FactorKind.Totp => "an authenticator app",
        FactorKind.RecoveryCode => "a recovery code",
        FactorKind.DuoPush => "Duo Push",
        FactorKind.EmailApproval => "an email approval",
        _ => "a FIDO2 SSH key",
    };

    /// <summary>What kind of credential asked, before its label; "" where the label says it.</summary>
    public static string OfCredential(string id) =>
        GitCredentials.IsPassed(id) ? "" : SshKeyId.IsOne(id) ? "SSH key " : "access token ";

    public static string Of(Role role) => role switch
    {
        Role.Read => "Read",
        Role.Write => "Write",
        Role.Admin => "Admin",
        _ => "None",
    };

    public static string Of(Mode? mode) => mode switch
    {
        Mode.Off => "Off: two-step verification is not asked for",
        Mode.Report => "Report only: commands pass, and what would have been asked is recorded",
        Mode.Enforce => "Enforced",
        null => "As for the whole gateway",
        _ => "",
    };

    public static string? Trouble(ApprovalResult result, DateTimeOffset now) => result.Outcome switch
    {
        ApprovalOutcome.NumberTaken => "The number is right. Now approve on your phone.",
        ApprovalOutcome.NumberOwed => "Type the number that your terminal shows.",
        ApprovalOutcome.NumberWrong => WrongNumber(result.Challenge),
        ApprovalOutcome.ProofOwed => "Use your passkey, or type a code from your authenticator app.",
        ApprovalOutcome.ProofRefused => "That did not work. Type the code that your app shows now; each code works once.",
        ApprovalOutcome.ProofDelayed => $"Too many wrong tries. Try again {When.InWords(result.RetryAt ?? now.AddSeconds(30), now)}, or use a passkey.",
        ApprovalOutcome.ProofLocked => "This way of approving is locked after too many wrong tries. Use a passkey, or ask an administrator to unlock you.",
        ApprovalOutcome.FactorUnavailable => "Duo does not answer, so its passcode cannot be checked. Use another way, or try again in a minute.",
        ApprovalOutcome.FactorNotSetUp => "You have not set that up. Use another way, or add it under Security.",
        ApprovalOutcome.FactorNotAccepted => "That proof was good, but the rule for this repository asks for a stronger one.",
        _ => null,
    };

    /// <summary>Why somebody was not asked by the kind they chose; null when they are.</summary>
    public static string? Trouble(AskOutcome outcome, FactorKind kind) => outcome switch
    {
        AskOutcome.OnItsWay => $"{Capital(Of(kind))} is on its way to you already. Answer it, or take another way.",
        AskOutcome.TooOften => $"You were asked that way {PromptRound.MostOfAKind} times already. Take another way, or run the command again.",
        AskOutcome.NotPossible => "You have not set that up, or the rule for this repository does not accept it. Take another way.",
        _ => null,
    };

    public static string Capital(string words) => words.Length > 0 ? char.ToUpperInvariant(words[0]) + words[1..] : words;

    /// <summary>What was just done, told on the next page; only words from here, never from the address.</summary>
    public static string? Done(string? key) => key switch
    {
        "signed-out" => "You are signed out.",
        "passkey-added" => "The passkey is added.",
        "app-added" => "The authenticator app is added.",
        "duo-added" => "Duo Push is added.",
        "duo-changed" => "Duo Push goes to that device from now on.",
        "renamed" => "The new name is saved.",
        "email-on" => "Approval by email is on.",
        "email-changed" => "Your email address is changed.",
        "removed" => "It is removed and proves nothing any more.",
        "token-revoked" => "The access token is revoked. It stopped working at once.",
        "order-changed" => "The new order is saved.",
        "key-added" => "The SSH key is added.",
        "key-removed" => "The SSH key is removed. It stopped working at once.",
        "host-token-set" => "The token is kept, encrypted. It is not shown again.",
        "host-token-removed" => "The token is removed.",
        "session-ended" => "That session is ended.",
        "approved" => "Approved. Your command goes on.",
        "reported" => "Reported. What asked for it opens nothing here any more, and what else waited is cancelled.",
        "notice-dismissed" => "Dismissed.",
        "denied" => "Denied. The command was told so.",
        "repository-made" => "The repository is there. It is empty until you push to it.",
        "upstream-added" => "The Git host is added. Check now whether it answers.",
        "workspace-made" => "The workspace is there.",
        "invited" => "Invited. The invitation waits on their Workspaces page.",
        "member-removed" => "Removed from the workspace.",
        "joined" => "You are a member now.",
        "declined" => "You have declined. Nobody sees your two-step status.",
        "person-added" => "Added. Tell them their name and password; they set up two-step verification when they first sign in.",
        "person-disabled" => "Disabled. Sessions, access tokens and held commands have ended.",
        "person-enabled" => "Enabled.",
        "person-unlocked" => "Unlocked.",
        "policy-applied" => "The policy is in force.",
        _ => null,
    };

    private static string WrongNumber(Challenge? challenge) => (Challenge.MaxWrongNumbers - (challenge?.WrongNumbers ?? 1)) switch
    {
        1 => "That is not the number in your terminal. One more wrong number ends this request.",
        var left and > 1 => $"That is not the number in your terminal. {left} tries left.",
        _ => "That is not the number in your terminal.",
    };
}
