using System.Globalization;
using Countersign.Core.Git;
using Countersign.Core.LargeFiles;
using Countersign.Core.Policies;
using Countersign.Server.Enforcement;
using Countersign.Server.People;
using Countersign.Server.Upstreams.Passed;

namespace Countersign.Server.Transports;

/// <summary>What a refused command says in the terminal: one cause, one thing to do; plain ASCII, at most 72 columns where addresses allow.</summary>
internal sealed class RefusalText(GatewayOptions options, IPeople people)
{
    private string Url => options.Url.GetLeftPart(UriPartial.Authority);

    public string Waiting(ChallengeLink link) => $"waiting for your approval at {Address(link)}   number {link.Number}";

    /// <summary>The same in a terminal that hears of it while the command waits.</summary>
    public IReadOnlyList<string> Held(CommandRequest request, ChallengeLink link) =>
    [
        $"waiting for your approval of this {VerbOf(request)}: {request.Command.Repository}",
        $"approve at {Address(link)}   number {link.Number}",
    ];

    public IReadOnlyList<string> Lines(CommandRequest request, Refused refused)
    {
        var repository = request.Command.Repository;
        var verb = VerbOf(request);
        return refused.Reason.Code switch
        {
            ReasonCode.RepositoryNotFound =>
            [
                $"Repository {repository} was not found, or you may not see it.",
                $"Repositories that you may use: {Url}/repositories",
            ],
            ReasonCode.RoleTooLow =>
            [
                $"You may read {repository}, but not push to it.",
                $"Ask an administrator of {repository.Workspace} for write access.",
            ],
            ReasonCode.NoFactorSetUp when !people.HasPassword(request.PrincipalId) =>
            [
                $"Two-step verification is required for {repository}.",
                "You have no password here to set it up with. Ask an administrator to run",
                "countersign factor add-totp for you, then run the command again.",
            ],
            ReasonCode.NoFactorSetUp =>
            [
                $"Two-step verification is required for {repository}. Set it up in two",
                $"minutes: {Url}/security  Then run the command again.",
            ],
            ReasonCode.NoFactorStrongEnough =>
            [
                $"{repository} asks for a stronger second factor than you have.",
                $"Add a security key or passkey at {Url}/security",
                "Then run the command again.",
            ],
            ReasonCode.SecurityKeyWantsSsh =>
            [
                "Your second factor is a FIDO2 SSH key, and that proves itself only when",
                "you sign in over SSH with it. Use SSH and that key for this, or add a",
                $"passkey at {Url}/security",
            ],
            ReasonCode.SecurityKeyUsed =>
            [
                "Signing in with your security key counts for one command, soon after.",
                "Run this on a connection of its own (GIT_SSH_COMMAND='ssh -S none'),",
                $"or add a passkey at {Url}/security",
            ],
            ReasonCode.PersonDeclined =>
            [
                $"Denied: this {verb} was refused{Named(refused)}.",
                .. Report(refused),
            ],
            ReasonCode.PersonReported =>
            [
                $"Denied: this {verb} was reported as \"This wasn't me\"{Named(refused)}.",
                GitCredentials.IsPassed(request.Credential.Id)
                    ? "That password is refused here from now on. Change it at the Git host."
                    : SshKeyId.IsOne(request.Credential.Id)
                    ? $"The SSH key was removed. Make a new one and add it at {Url}/security"
                    : $"The access token was revoked. Make a new one at {Url}/security",
            ],
            ReasonCode.WrongNumbers =>
            [
                $"Denied: the number was wrong three times{Named(refused)}.",
                "Run the command again and type the number that it shows.",
            ],
            ReasonCode.NotApprovedInTime =>
            [
                $"Not approved yet. Approve at {Url}/a/{refused.Challenge},",
                "then run the same command again; it will go straight through.",
            ],
            ReasonCode.RequestExpired =>
            [
                $"Nobody approved this {verb} in time{Named(refused)}.",
                "Run the command again when you are ready to approve it.",
            ],
            ReasonCode.Superseded =>
            [
                $"This {verb} was replaced: the same command was run again.",
                $"Approve the newer request at {Url}/",
            ],
            ReasonCode.RecentlyDenied =>
            [
                $"Denied a moment ago, so nobody was asked again. Try again in {Seconds(refused.RetryAfter)} s,",
                $"or see the request at {Url}/",
            ],
            ReasonCode.TooManyHeld =>
            [
                "Too many commands are waiting for approval already.",
                $"Approve or deny them at {Url}/ and run this one again.",
            ],
            ReasonCode.TooManyPrompts =>
            [
                "You were asked too often without approving, so nobody asked you again.",
                $"Approve what is yours at {Url}/ or try again in {Wait(refused.RetryAfter)}.",
            ],
            ReasonCode.AccessEnded =>
            [
                $"Your access has ended, or the {EndOf(request.Credential.Id)}.",
                $"Sign in at {Url}/security or ask your administrator.",
            ],
            ReasonCode.RepositoryMoved =>
            [
                $"An administrator has just changed where {repository} is.",
                "Nothing was changed. Run the command again.",
            ],
            ReasonCode.PushTooLarge =>
            [
                "This push does not fit the room for pushes that wait for approval.",
                "Try again when others are through, push it in smaller parts, or ask",
                "your administrator to raise Holds:SpoolBytes or Holds:SpoolTotalBytes.",
            ],
            ReasonCode.UpstreamNotFound =>
            [
                Cause(refused),
                $"If {repository} should be there, ask its administrator.",
            ],
            ReasonCode.UpstreamForbidden =>
            [
                Cause(refused),
                $"Ask an administrator of {repository} at that host for access.",
            ],
            ReasonCode.UpstreamCredentialRefused =>
            [
                Cause(refused),
                SshKeyId.IsOne(request.Credential.Id)
                    ? $"Enter the token that you have there at {Url}/security"
                    : "Use the name and the password or token that you have there.",
            ],
            ReasonCode.UpstreamUnavailable when refused.Failure is { Untouched: false } && verb == "push" =>
            [
                Cause(refused),
                "It is not known whether it took this push. Look at the repository",
                "(git fetch) before you push again, or tell your administrator.",
            ],
            ReasonCode.UpstreamUnavailable =>
            [
                Cause(refused),
                "Nothing was changed. Try again in a minute, or tell your administrator.",
            ],
            ReasonCode.NoRuleMatched or ReasonCode.DeniedByRule or ReasonCode.RequirementsContradict =>
            [
                $"The rules of {repository.Workspace} do not allow this {verb}{Rule(refused)}.",
                $"Ask an administrator of {repository.Workspace}.",
            ],
            _ =>
            [
                "The gateway could not decide or serve this command, so it was denied.",
                "Nothing was changed. Try again in a minute, or tell your administrator.",
            ],
        };
    }

    /// <summary>The few words that stand behind each ref of a refused push.</summary>
    public static string RefReason(ReasonCode code) => code switch
    {
        ReasonCode.NotApprovedInTime or ReasonCode.RequestExpired => "not approved in time",
        ReasonCode.PersonDeclined or ReasonCode.PersonReported or ReasonCode.WrongNumbers or ReasonCode.RecentlyDenied => "second factor denied",
        ReasonCode.TooManyPrompts => "asked too often",
        ReasonCode.NoFactorSetUp or ReasonCode.NoFactorStrongEnough or ReasonCode.SecurityKeyWantsSsh or ReasonCode.SecurityKeyUsed => "second factor required",
        ReasonCode.UpstreamUnavailable => "the Git host failed",
        ReasonCode.UpstreamNotFound or ReasonCode.UpstreamForbidden or ReasonCode.UpstreamCredentialRefused => "refused by the Git host",
        _ => "denied by the gateway",
    };

    private static string VerbOf(CommandRequest request) => request.Command switch
    {
        { Lfs: { } work } => Verb(work),
        { Class: OperationClass.Write } => "push",
        { Service: GitService.UploadArchive } => "archive",
        _ => "fetch",
    };

    private static string Verb(LfsWork work) => work.Verb switch
    {
        LfsVerb.Upload => "upload of large files",
        LfsVerb.Download => "download of large files",
        LfsVerb.Lock => "lock",
        LfsVerb.Unlock => work.Forced ? "forced unlock" : "unlock",
        _ => "look at the locks",
    };

    private string Address(ChallengeLink link) => $"{Url}/a/{link.Id}";

    private static string Cause(Refused refused) => refused.Failure?.Message ?? "The Git host that has this repository failed.";

    private static string EndOf(string credentialId) =>
        GitCredentials.IsPassed(credentialId) ? "password was reported"
        : SshKeyId.IsOne(credentialId) ? "SSH key was removed or has expired"
        : "access token was revoked";

    private static string Named(Refused refused) => refused.Challenge is { } id ? $" (request {id})" : "";

    private static string Rule(Refused refused) => refused.Reason.Rule is { } rule ? $" (rule {rule})" : "";

    private IEnumerable<string> Report(Refused refused) => refused.Challenge is { } id ? [$"Not you? {Url}/a/{id}/report"] : [];

    private static string Wait(TimeSpan? wait) =>
        wait > TimeSpan.FromSeconds(90) ? string.Create(CultureInfo.InvariantCulture, $"{Math.Ceiling(wait.Value.TotalMinutes)} min") : $"{Seconds(wait)} s";

    private static string Seconds(TimeSpan? wait) => Math.Ceiling((wait ?? TimeSpan.FromSeconds(60)).TotalSeconds).ToString("0", CultureInfo.InvariantCulture);
}
