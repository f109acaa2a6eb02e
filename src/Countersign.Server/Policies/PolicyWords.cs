using Countersign.Core.Challenges;
using Countersign.Core.Git;
using Countersign.Core.Identities;
using Countersign.Core.Policies;

namespace Countersign.Server.Policies;

/// <summary>The words of the policy file and what they mean; policy.schema.json lists the same.</summary>
internal static class PolicyWords
{
    public static readonly IReadOnlyDictionary<string, Mode> Modes = new Dictionary<string, Mode>
    {
        ["off"] = Mode.Off,
        ["report"] = Mode.Report,
        ["enforce"] = Mode.Enforce,
    };

    public static readonly IReadOnlyDictionary<string, Effect> Effects = new Dictionary<string, Effect>
    {
        ["allow"] = Effect.Allow,
        ["require"] = Effect.Require,
        ["deny"] = Effect.Deny,
    };

    public static readonly IReadOnlyDictionary<string, OperationClass> Operations = new Dictionary<string, OperationClass>
    {
        ["read"] = OperationClass.Read,
        ["write"] = OperationClass.Write,
    };

    public static readonly IReadOnlyDictionary<string, RefChange> Changes = new Dictionary<string, RefChange>
    {
        ["create"] = RefChange.Create,
        ["update"] = RefChange.Update,
        ["delete"] = RefChange.Delete,
    };

    public static readonly IReadOnlyDictionary<string, Role> Roles = new Dictionary<string, Role>
    {
        ["read"] = Role.Read,
        ["write"] = Role.Write,
        ["admin"] = Role.Admin,
    };

    public static readonly IReadOnlyDictionary<string, FactorKind> Kinds = new Dictionary<string, FactorKind>
    {
        ["webauthn"] = FactorKind.WebAuthn,
        ["totp"] = FactorKind.Totp,
        ["recovery-code"] = FactorKind.RecoveryCode,
        ["duo-push"] = FactorKind.DuoPush,
        ["email"] = FactorKind.EmailApproval,
        ["ssh-security-key"] = FactorKind.SecurityKeySsh,
    };

    public static readonly IReadOnlyDictionary<string, Strength> Strengths = new Dictionary<string, Strength>
    {
        ["basic"] = Strength.Basic,
        ["strong"] = Strength.Strong,
        ["phishing-resistant"] = Strength.PhishingResistant,
        ["hardware-attested"] = Strength.HardwareAttested,
    };

    public static readonly IReadOnlyDictionary<string, GrantScope> Scopes = new Dictionary<string, GrantScope>
    {
        ["repository"] = GrantScope.Repository,
        ["workspace"] = GrantScope.Workspace,
    };

    /// <summary>For <c>verify</c>: whether it is required.</summary>
    public static readonly IReadOnlyDictionary<string, bool> Verification = new Dictionary<string, bool>
    {
        ["required"] = true,
        ["optional"] = false,
    };

    public static readonly IReadOnlyDictionary<string, TouchWorth> TouchWorths = new Dictionary<string, TouchWorth>
    {
        ["nothing"] = TouchWorth.Nothing,
        ["basic"] = TouchWorth.Basic,
    };

    public static readonly IReadOnlyList<string> FileKeys = ["version", "mode", "modes", "ssh_security_keys", "rules"];

    public static readonly IReadOnlyList<string> SshSecurityKeysKeys = ["counts", "verify", "touch_only", "use_within"];

    public static readonly IReadOnlyList<string> RuleKeys =
        ["name", "operations", "repositories", "refs", "changes", "forced", "roles", "people", "effect", "require", "grant"];

    public static readonly IReadOnlyList<string> RequireKeys = ["strength", "kinds", "models", "number"];

    public static readonly IReadOnlyList<string> GrantKeys = ["scope", "idle", "max"];
}
