using System.Collections.Frozen;
using Countersign.Core.Challenges;
using Countersign.Server.Audit;
using Countersign.Server.Mail;

namespace Countersign.Server.People;

/// <summary>
/// What a person is told, on the Security page and by mail, of what happens to their account: by the audit event that records it,
/// from facts of it. What is told of requests is said where they are settled, and of new networks in <see cref="KnownNetworks"/>.
/// </summary>
internal static class News
{
    private static readonly FrozenDictionary<string, Func<Facts, string>> Sentences = new Dictionary<string, Func<Facts, string>>
    {
        [AuditTypes.FactorAdded] = static facts => facts["factor"] switch
        {
            nameof(FactorKind.EmailApproval) => $"Approval by email was switched on for {Mailbox.Mask(facts["name"])}.",
            "" => "An administrator of this gateway added an authenticator app for you.",
            _ => $"\"{facts["name"]}\" was added to your two-step verification.",
        },
        [AuditTypes.FactorDeviceChanged] = static facts => $"Duo Push goes to another device from now on: \"{facts["name"]}\".",
        [AuditTypes.FactorRenamed] = static facts => $"\"{facts["before"]}\" is now called \"{facts["name"]}\".",
        [AuditTypes.FactorRemoved] = static facts => $"\"{facts["name"]}\" was removed from your two-step verification.",
        [AuditTypes.FactorReset] = static _ => "An administrator removed your two-step verification, with the SSH keys of your security keys, and ended your sessions. Set it up again.",
        [AuditTypes.FactorOrderChanged] = static facts =>
            $"{(facts["by"].Length > 0 ? "You" : "An administrator of this gateway")} changed the order in which you are asked: {facts["order"]}.",
        [AuditTypes.FactorLocked] = static facts =>
            $"Your {facts["factor"]} locked after {facts["failures"]} wrong codes. Signing in with a passkey unlocks it; so does an administrator.",
        [AuditTypes.SessionRefused] = static facts =>
            $"Your password was locked after {facts["failures"]} wrong tries. Signing in with a passkey unlocks it; so does an administrator.",
        [AuditTypes.RecoveryCodesMade] = static _ => "New recovery codes were made; the old ones no longer work.",
        [AuditTypes.RecoveryCodeUsed] = static facts => $"A recovery code was used. {facts["left"]} left; make new ones on this page.",
        [AuditTypes.PersonDisabled] = static _ => "An administrator disabled your account: your sessions, access tokens, SSH keys and tokens for Git hosts have ended.",
        [AuditTypes.PersonEnabled] = static _ => "An administrator enabled your account again. Access tokens and SSH keys of before stay ended; make new ones.",
        [AuditTypes.PersonUnlocked] = static _ => "An administrator unlocked your account after too many wrong passwords or codes.",
        [AuditTypes.PersonEmailChanged] = static facts =>
            $"Your email address was changed from {Mailbox.Mask(facts["before"])} to {Mailbox.Mask(facts["email"])}."
            + (facts["approved"].Length > 0 ? " Approval by email has ended; switch it on again for the new address." : ""),
        [AuditTypes.TokenAdded] = static facts => $"The access token \"{facts["label"]}\" was made.",
        [AuditTypes.TokenRevoked] = static facts => $"The access token \"{facts["label"]}\" was revoked.",
        [AuditTypes.SshKeyAdded] = static facts => $"The SSH key \"{facts["label"]}\" was added ({facts["type"]}, {facts["fingerprint"]}).",
        [AuditTypes.SshKeyRemoved] = static facts => $"The SSH key \"{facts["label"]}\" was removed.",
        [AuditTypes.UpstreamTokenSet] = static facts => $"Your token for the Git host {facts["upstream"]} was set.",
        [AuditTypes.UpstreamTokenRemoved] = static facts => $"Your token for the Git host {facts["upstream"]} was removed.",
        [AuditTypes.CredentialLifted] = static _ =>
            "An administrator lets in again what you reported as used by somebody else: your credentials for Git hosts. If you have not changed them there, do it now.",
    }.ToFrozenDictionary();

    /// <summary>The audit events that are told from here.</summary>
    public static IEnumerable<string> Types => Sentences.Keys;

    /// <param name="type">One of <see cref="Types"/>.</param>
    /// <param name="facts">Those that the sentence names; a missing one counts as "".</param>
    public static string Of(string type, params (string Name, string Value)[] facts) => Sentences[type](new(facts));

    private sealed class Facts((string Name, string Value)[] facts)
    {
        public string this[string name] => Array.Find(facts, fact => fact.Name == name).Value ?? "";
    }
}
