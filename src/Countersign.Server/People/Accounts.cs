using Countersign.Core.Challenges;
using Countersign.Core.Git;
using Countersign.Core.Identities;
using Countersign.Core.Policies;

namespace Countersign.Server.People;

/// <summary>An expected refusal: a stable code for the API and one sentence for a person. Never an exception.</summary>
internal sealed record Refusal(string Code, string Message);

/// <summary>A value or a refusal.</summary>
internal readonly record struct Result<T>(T? Value, Refusal? Refusal)
{
    public static implicit operator Result<T>(T value) => new(value, null);

    public static implicit operator Result<T>(Refusal refusal) => new(default, refusal);
}

internal sealed record PersonSummary(
    PrincipalId Id, string Name, string Email, bool IsAdministrator, bool IsDisabled, bool IsLocked,
    IReadOnlyList<FactorSummary> Factors, int RecoveryCodesLeft, DateTimeOffset CreatedAt, DateTimeOffset? LastSignInAt);

/// <param name="Id">The key to rename or remove it by.</param>
/// <param name="Kind">Of what kind.</param>
/// <param name="Name">The owner's name for it.</param>
/// <param name="Model">The authenticator's model by AAGUID, in words; null when unknown.</param>
/// <param name="CreatedAt">When it was added.</param>
/// <param name="LastUsedAt">When it last proved something.</param>
internal sealed record FactorSummary(string Id, FactorKind Kind, string Name, string? Model, DateTimeOffset CreatedAt, DateTimeOffset? LastUsedAt);

internal sealed record TokenSummary(string Id, string Label, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt, DateTimeOffset? LastUsedAt, string? LastUsedFrom);

internal sealed record WorkspaceSummary(string Key, Mode? Mode, IReadOnlyList<MemberSummary> Members);

internal sealed record MemberSummary(string Name, Role Role, bool Accepted, bool? HasSecondFactor);

internal sealed record RepositorySummary(RepositoryPath Path, RepositoryKind Kind, bool IsPublic, Role Role, DateTimeOffset CreatedAt);

/// <summary>What a credential proved: who, and with what.</summary>
internal sealed record AuthenticatedCredential(Principal Principal, GitCredential Credential);

/// <summary>The people of the instance. Names are canonicalised once, here: trimmed, NFKC, lower case, <c>[a-z0-9._-]{1,64}</c>.</summary>
internal interface IPeople
{
    Task<bool> AnyAsync(CancellationToken cancellation);

    Task<Result<PersonSummary>> AddAsync(string name, string email, string? password, bool administrator, string actor, CancellationToken cancellation);

    Task<IReadOnlyList<PersonSummary>> ListAsync(CancellationToken cancellation);

    Task<PersonSummary?> FindAsync(string name, CancellationToken cancellation);

    Task<PersonSummary?> FindAsync(PrincipalId id, CancellationToken cancellation);

    /// <summary>The person as the rules see them; null when disabled or gone. Quick: called for every Git request.</summary>
    Principal? FindPrincipal(PrincipalId id);

    /// <summary>Ends sessions, tokens, grants, held and running commands within a second.</summary>
    Task<Result<PersonSummary>> DisableAsync(string name, string actor, CancellationToken cancellation);

    Task<Result<PersonSummary>> EnableAsync(string name, string actor, CancellationToken cancellation);

    /// <summary>Lifts locks on password and factors.</summary>
    Task<Result<PersonSummary>> UnlockAsync(string name, string actor, CancellationToken cancellation);
}

/// <summary>Personal access tokens: <c>csn_</c> and 160 random bits in base32, stored as SHA-256, shown once.</summary>
internal interface IAccessTokens
{
    Task<Result<(TokenSummary Token, string Secret)>> AddAsync(PrincipalId owner, string label, int days, string actor, CancellationToken cancellation);

    Task<IReadOnlyList<TokenSummary>> ListAsync(PrincipalId owner, CancellationToken cancellation);

    Task<Result<TokenSummary>> RevokeAsync(PrincipalId owner, string id, string actor, CancellationToken cancellation);

    /// <summary>
    /// Who a token is; null when it is unknown, expired, revoked, its owner is disabled, or is not the named user. Quick and
    /// synchronous: called for every Git request. <paramref name="userName"/> is null for Bearer.
    /// </summary>
    AuthenticatedCredential? Authenticate(string? userName, string secret, ClientAddress from);

    /// <summary>Still good? Asked again after a hold. False once revoked, expired or the owner disabled.</summary>
    bool IsLive(PrincipalId owner, string credentialId);
}

internal interface IWorkspaces
{
    Task<Result<WorkspaceSummary>> AddAsync(string key, Mode? mode, PrincipalId? firstAdmin, string actor, CancellationToken cancellation);

    Task<IReadOnlyList<WorkspaceSummary>> ListAsync(CancellationToken cancellation);

    Task<WorkspaceSummary?> FindAsync(string key, CancellationToken cancellation);

    /// <summary>Invites, or makes a member at once when <paramref name="accepted"/>. An invitation gives no access until it is accepted.</summary>
    Task<Result<MemberSummary>> AddMemberAsync(string key, string name, Role role, bool accepted, string actor, CancellationToken cancellation);

    Task<Result<MemberSummary>> AcceptAsync(string key, PrincipalId person, CancellationToken cancellation);

    Task<Result<MemberSummary>> RemoveMemberAsync(string key, string name, string actor, CancellationToken cancellation);

    /// <summary>Workspaces that the person is a member of or invited to.</summary>
    Task<IReadOnlyList<(WorkspaceSummary Workspace, Role Role, bool Accepted)>> OfAsync(PrincipalId person, CancellationToken cancellation);
}

internal interface IRepositories
{
    /// <summary>Registers the repository and makes the bare repository on disk (or imports a copy of <paramref name="importPath"/>).</summary>
    Task<Result<RepositorySummary>> AddAsync(RepositoryPath path, RepositoryKind kind, bool isPublic, string? importPath, string actor, CancellationToken cancellation);

    Task<IReadOnlyList<RepositorySummary>> ListAsync(CancellationToken cancellation);

    /// <summary>Those that the person may see.</summary>
    Task<IReadOnlyList<RepositorySummary>> VisibleToAsync(PrincipalId person, CancellationToken cancellation);

    /// <summary>What the rules may know, and the person's accepted role in its workspace; facts are null when there is none such. Quick: called for every Git request.</summary>
    (RepositoryFacts? Facts, Role Role) Find(RepositoryPath path, PrincipalId person);
}

/// <summary>Enrolling and removing second factors. Callers have made sure of a fresh step-up; every change is audited and told to the person.</summary>
internal interface IFactorEnrolment
{
    /// <summary>Starts an authenticator app: a secret that counts only once <see cref="ConfirmTotpAsync"/> has seen a code of it.</summary>
    Task<(string OtpauthUri, string Secret)> BeginTotpAsync(PrincipalId person, CancellationToken cancellation);

    /// <returns>The factor, and ten recovery codes when this was the first factor.</returns>
    Task<Result<(FactorSummary Factor, IReadOnlyList<string> RecoveryCodes)>> ConfirmTotpAsync(PrincipalId person, string code, string name, string actor, CancellationToken cancellation);

    /// <summary>For the CLI: an authenticator app that counts at once, only for a person with no factor yet.</summary>
    Task<Result<string>> AddTotpAsync(string name, string actor, CancellationToken cancellation);

    /// <summary>PublicKeyCredentialCreationOptionsJSON; the ceremony is kept on the server, single use, 5 min, bound to person and purpose.</summary>
    Task<string> PasskeyOptionsAsync(PrincipalId person, CancellationToken cancellation);

    Task<Result<(FactorSummary Factor, IReadOnlyList<string> RecoveryCodes)>> AddPasskeyAsync(PrincipalId person, string attestationJson, string name, string actor, CancellationToken cancellation);

    Task<Result<FactorSummary>> RenameAsync(PrincipalId person, string factorId, string name, string actor, CancellationToken cancellation);

    Task<Result<FactorSummary>> RemoveAsync(PrincipalId person, string factorId, string actor, CancellationToken cancellation);

    /// <summary>Ten new recovery codes; the old ones stop working. Each has 80 random bits, shown in groups of four.</summary>
    Task<IReadOnlyList<string>> MakeRecoveryCodesAsync(PrincipalId person, string actor, CancellationToken cancellation);

    /// <summary>Removes every factor of a person (administrator); the person sets up anew at the next sign-in with a password.</summary>
    Task<Result<PersonSummary>> ResetAsync(string name, string actor, CancellationToken cancellation);
}

internal sealed record SessionStart(PrincipalId Person, string Name, bool SecondFactorPassed, bool MustSetUpFactor);

/// <summary>Signing in. Failures are counted per person and per address, durably, and all look and take the same.</summary>
internal interface ISignIn
{
    /// <summary>Password, and a TOTP or recovery code where the person has a second factor.</summary>
    Task<Result<SessionStart>> PasswordAsync(string name, string password, string? code, ClientAddress from, CancellationToken cancellation);

    /// <summary>PublicKeyCredentialRequestOptionsJSON for a discoverable credential, and the key of the ceremony to hand back.</summary>
    Task<(string OptionsJson, string CeremonyKey)> PasskeyOptionsAsync(CancellationToken cancellation);

    Task<Result<SessionStart>> PasskeyAsync(string ceremonyKey, string assertionJson, ClientAddress from, CancellationToken cancellation);

    /// <summary>A fresh proof within a session.</summary>
    Task<string> StepUpOptionsAsync(PrincipalId person, string sessionKey, CancellationToken cancellation);

    Task<Result<bool>> StepUpAsync(PrincipalId person, string sessionKey, string? code, string? assertionJson, CancellationToken cancellation);
}

/// <summary>Sessions of browsers and programs: opaque 256-bit keys, stored hashed, idle 1 h, absolute 24 h.</summary>
internal interface ISessions
{
    /// <returns>The secret to hand to the client (cookie or bearer token, prefix <c>css_</c>).</returns>
    Task<(string Secret, DateTimeOffset ExpiresAt)> StartAsync(SessionStart start, ClientAddress from, string userAgent, CancellationToken cancellation);

    /// <summary>The live session; null when unknown, expired or its person is disabled. Touches its idle time.</summary>
    Session? Find(string secret);

    /// <summary>Replaces the secret (sign-in, step-up): the old one stops working at once.</summary>
    Task<string> RotateAsync(string secret, bool steppedUp, CancellationToken cancellation);

    Task EndAsync(string secret, CancellationToken cancellation);

    Task EndAllAsync(PrincipalId person, CancellationToken cancellation);

    Task<IReadOnlyList<SessionSummary>> ListAsync(PrincipalId person, CancellationToken cancellation);

    Task EndByKeyAsync(PrincipalId person, string key, CancellationToken cancellation);
}

/// <param name="Key">Names the session (not its secret).</param>
/// <param name="Principal">Whose.</param>
/// <param name="SecondFactorPassed">False for a person who has yet to set one up: may reach only the set-up of factors.</param>
/// <param name="SteppedUpAt">When a factor was last proven in it.</param>
/// <param name="ExpiresAt">At the latest.</param>
internal sealed record Session(string Key, Principal Principal, bool SecondFactorPassed, DateTimeOffset? SteppedUpAt, DateTimeOffset ExpiresAt);

internal sealed record SessionSummary(string Key, DateTimeOffset StartedAt, DateTimeOffset LastSeenAt, string From, string UserAgent);

/// <summary>First run: the one-time link that <c>serve</c> prints while there is no person.</summary>
internal interface ISetup
{
    /// <summary>A new link's secret, replacing the one before: single use, 30 min. Null when set-up is done.</summary>
    Task<string?> IssueLinkAsync(CancellationToken cancellation);

    bool IsValid(string secret);

    /// <summary>Spends the link and makes the owner account (administrator), a workspace and a sample repository.</summary>
    Task<Result<SessionStart>> CompleteAsync(string secret, string name, string email, string password, CancellationToken cancellation);
}
