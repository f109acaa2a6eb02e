using Countersign.Core.Challenges;
using Countersign.Core.Git;
using Countersign.Core.LargeFiles;
using Countersign.Core.Identities;
using Countersign.Core.Policies;
using Countersign.Server.Upstreams;

namespace Countersign.Server.Api;

/// <summary>The API's words for the core's values: lower case, stable, and the same as in the policy file.</summary>
internal static class Words
{
    public static string Of(FactorKind kind) => kind switch
    {
        FactorKind.WebAuthn => "webauthn",
        FactorKind.Totp => "totp",
        FactorKind.RecoveryCode => "recovery-code",
        FactorKind.DuoPush => "duo-push",
        FactorKind.EmailApproval => "email-approval",
        FactorKind.SecurityKeySsh => "security-key-ssh",
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    public static FactorKind? ParseFactor(string word) => Enum.GetValues<FactorKind>().Where(kind => Of(kind) == word).Cast<FactorKind?>().FirstOrDefault();

    public static string Of(Strength strength) => strength switch
    {
        Strength.Basic => "basic",
        Strength.Strong => "strong",
        Strength.PhishingResistant => "phishing-resistant",
        Strength.HardwareAttested => "hardware-attested",
        _ => throw new ArgumentOutOfRangeException(nameof(strength)),
    };

    public static string Of(LfsWork work) => work.Verb switch
    {
        LfsVerb.Upload => "lfs-upload",
        LfsVerb.Download => "lfs-download",
        LfsVerb.Lock => "lfs-lock",
        LfsVerb.Unlock => work.Forced ? "lfs-unlock-forced" : "lfs-unlock",
        _ => "lfs-locks",
    };

    public static string Of(GitService service) => service switch
    {
        GitService.UploadPack => "fetch",
        GitService.ReceivePack => "push",
        GitService.UploadArchive => "archive",
        _ => throw new ArgumentOutOfRangeException(nameof(service)),
    };

    public static string Of(Role role) => role.ToString().ToLowerInvariant();

    public static string Of(Mode mode) => mode.ToString().ToLowerInvariant();

    public static string Of(RefChange change) => change.ToString().ToLowerInvariant();

    public static string Of(RepositoryKind kind) => kind.ToString().ToLowerInvariant();

    public static string Of(UpstreamCredentials credentials) => credentials.ToString().ToLowerInvariant();

    public static string Of(LfsTransfers transfers) => transfers.ToString().ToLowerInvariant();

    public static Role? ParseRole(string word) => word switch
    {
        "read" => Role.Read,
        "write" => Role.Write,
        "admin" => Role.Admin,
        _ => null,
    };

    public static Mode? ParseMode(string word) => word switch
    {
        "off" => Mode.Off,
        "report" => Mode.Report,
        "enforce" => Mode.Enforce,
        _ => null,
    };

    public static RepositoryKind? ParseKind(string word) => word switch
    {
        "repository" => RepositoryKind.Repository,
        "wiki" => RepositoryKind.Wiki,
        "snippet" => RepositoryKind.Snippet,
        _ => null,
    };
}
