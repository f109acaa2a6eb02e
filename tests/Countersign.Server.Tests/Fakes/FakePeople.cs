using Countersign.Core.Challenges;
using Countersign.Core.Identities;
using Countersign.Server.People;

namespace Countersign.Server.Tests.Fakes;

/// <summary>People in memory, with all that hangs on them: sign-in, sessions, tokens and factors.</summary>
internal sealed class FakePeople(TimeProvider clock) : IPeople, ISignIn, ISessions, IAccessTokens, IFactorEnrolment, ISetup
{
    public const string Password = "correct horse battery staple";
    public const string Code = "123456";
    public const string Secret = "csn_canary";
    private readonly Dictionary<string, PersonSummary> people = [];
    private readonly Dictionary<string, Session> sessions = [];
    private int next;

    public string? LastActor { get; private set; }

    public Exception? Failure { get; set; }

    public PersonSummary Add(string name, bool administrator = false, params FactorKind[] kinds)
    {
        var factors = kinds.Select(kind => new FactorSummary($"f-{kind}", kind, $"{name}'s {kind}", null, clock.GetUtcNow(), null)).ToList();
        return people[name] = new(new(Guid.NewGuid()), name, $"{name}@example.org", administrator, false, false, factors, 10, clock.GetUtcNow(), null);
    }

    public string SignedIn(string name, bool secondFactorPassed = true, bool fresh = true)
    {
        var person = people[name];
        var secret = $"css_{name}_{next++}";
        sessions[secret] = new(
            $"key-{secret}", PrincipalOf(person), secondFactorPassed, fresh ? clock.GetUtcNow() : null, clock.GetUtcNow().AddHours(24));
        return secret;
    }

    public Principal PrincipalOf(string name) => PrincipalOf(people[name]);

    public Task<bool> AnyAsync(CancellationToken cancellation) => Task.FromResult(people.Count > 0);

    public Task<Result<PersonSummary>> AddAsync(string name, string email, string? password, bool administrator, string actor, CancellationToken cancellation)
    {
        LastActor = actor;
        return Task.FromResult<Result<PersonSummary>>(people.ContainsKey(name) ? new Refusal("name_taken", "That name is taken.") : Add(name, administrator));
    }

    public Task<IReadOnlyList<PersonSummary>> ListAsync(CancellationToken cancellation) =>
        Failure is null ? Task.FromResult<IReadOnlyList<PersonSummary>>([.. people.Values]) : throw Failure;

    public Task<PersonSummary?> FindAsync(string name, CancellationToken cancellation) => Task.FromResult(people.GetValueOrDefault(name));

    public Task<PersonSummary?> FindAsync(PrincipalId id, CancellationToken cancellation) =>
        Task.FromResult(people.Values.FirstOrDefault(person => person.Id == id));

    public bool HasPassword(PrincipalId id) => true;

    public Principal? FindPrincipal(PrincipalId id) => people.Values.Where(person => person.Id == id).Select(PrincipalOf).FirstOrDefault();

    public Task<Result<PersonSummary>> DisableAsync(string name, string actor, CancellationToken cancellation) =>
        Change(name, actor, person => person with { IsDisabled = true });

    public Task<Result<PersonSummary>> EnableAsync(string name, string actor, CancellationToken cancellation) =>
        Change(name, actor, person => person with { IsDisabled = false });

    public Task<Result<PersonSummary>> UnlockAsync(string name, string actor, CancellationToken cancellation) =>
        Change(name, actor, person => person with { IsLocked = false });

    public Task<Result<PersonSummary>> ResetAsync(string name, string actor, CancellationToken cancellation) =>
        Change(name, actor, person => person with { Factors = [] });

    public Task<Result<SessionStart>> PasswordAsync(string name, string password, string? code, ClientAddress from, CancellationToken cancellation) =>
        Task.FromResult<Result<SessionStart>>(
            people.GetValueOrDefault(name) is { } person && password == Password && (person.Factors.Count == 0 || code == Code)
                ? new SessionStart(person.Id, name, person.Factors.Count > 0, person.Factors.Count == 0)
                : Refusals.SignInRefused);

    public Task<(string OptionsJson, string CeremonyKey)> PasskeyOptionsAsync(CancellationToken cancellation) =>
        Task.FromResult(("""{"challenge":"AAAA"}""", "ceremony-1"));

    public Task<Result<SessionStart>> PasskeyAsync(string ceremonyKey, string assertionJson, ClientAddress from, CancellationToken cancellation) =>
        Task.FromResult<Result<SessionStart>>(
            ceremonyKey == "ceremony-1" ? new SessionStart(people.Values.First().Id, people.Keys.First(), true, false) : Refusals.SignInRefused);

    public Task<string> StepUpOptionsAsync(PrincipalId person, string sessionKey, CancellationToken cancellation) =>
        Task.FromResult("""{"challenge":"BBBB"}""");

    public Task<Result<bool>> StepUpAsync(PrincipalId person, string sessionKey, string? code, string? assertionJson, ClientAddress from, CancellationToken cancellation) =>
        Task.FromResult<Result<bool>>(code == Code ? true : Refusals.SignInRefused);

    public Task<(string Secret, DateTimeOffset ExpiresAt)> StartAsync(SessionStart start, ClientAddress from, string userAgent, CancellationToken cancellation)
    {
        var secret = SignedIn(start.Name, start.SecondFactorPassed, start.SecondFactorPassed);
        return Task.FromResult((secret, sessions[secret].ExpiresAt));
    }

    public Session? Find(string secret) => sessions.GetValueOrDefault(secret);

    public Task<string> RotateAsync(string secret, bool steppedUp, CancellationToken cancellation)
    {
        sessions.Remove(secret, out var session);
        var rotated = $"css_rotated_{next++}";
        sessions[rotated] = session! with { SecondFactorPassed = true, SteppedUpAt = clock.GetUtcNow() };
        return Task.FromResult(rotated);
    }

    public Task EndAsync(string secret, CancellationToken cancellation)
    {
        sessions.Remove(secret);
        return Task.CompletedTask;
    }

    public Task EndAllAsync(PrincipalId person, CancellationToken cancellation) => Task.CompletedTask;

    Task<IReadOnlyList<SessionSummary>> ISessions.ListAsync(PrincipalId person, CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<SessionSummary>>([]);

    public Task EndByKeyAsync(PrincipalId person, string key, CancellationToken cancellation) => Task.CompletedTask;

    public Task<Result<(TokenSummary Token, string Secret)>> AddAsync(PrincipalId owner, string label, int days, string actor, CancellationToken cancellation)
    {
        LastActor = actor;
        return Task.FromResult<Result<(TokenSummary, string)>>((new TokenSummary("t1", label, clock.GetUtcNow(), clock.GetUtcNow().AddDays(days), null, null), Secret));
    }

    public Task<IReadOnlyList<TokenSummary>> ListAsync(PrincipalId owner, CancellationToken cancellation) => Task.FromResult<IReadOnlyList<TokenSummary>>([]);

    public Task<Result<TokenSummary>> RevokeAsync(PrincipalId owner, string id, string actor, CancellationToken cancellation) =>
        Task.FromResult<Result<TokenSummary>>(new Refusal("no_such_token", "There is no such access token."));

    public AuthenticatedCredential? Authenticate(string? userName, string secret, ClientAddress from) => null;

    public bool IsLive(PrincipalId owner, string credentialId) => false;

    public Task<(string OtpauthUri, string Secret)> BeginTotpAsync(PrincipalId person, CancellationToken cancellation) =>
        Task.FromResult(("otpauth://totp/x?secret=ABC", "ABC"));

    public Task<Result<(FactorSummary Factor, IReadOnlyList<string> RecoveryCodes)>> ConfirmTotpAsync(
        PrincipalId person, string code, string name, string actor, CancellationToken cancellation) =>
        Task.FromResult<Result<(FactorSummary, IReadOnlyList<string>)>>(
            code == Code ? (new FactorSummary("f-new", FactorKind.Totp, name, null, clock.GetUtcNow(), null), ["aaaa-bbbb"]) : new Refusal("refused", "That code did not match."));

    public Task<Result<string>> AddTotpAsync(string name, string actor, CancellationToken cancellation) =>
        Task.FromResult<Result<string>>(people.ContainsKey(name) ? "otpauth://totp/x?secret=ABC" : Refusals.NoSuchPerson);

    public Task<string> PasskeyOptionsAsync(PrincipalId person, CancellationToken cancellation) => Task.FromResult("""{"challenge":"CCCC"}""");

    public Task<Result<(FactorSummary Factor, IReadOnlyList<string> RecoveryCodes)>> AddPasskeyAsync(
        PrincipalId person, string attestationJson, string name, string actor, CancellationToken cancellation) =>
        Task.FromResult<Result<(FactorSummary, IReadOnlyList<string>)>>((new FactorSummary("f-key", FactorKind.WebAuthn, name, null, clock.GetUtcNow(), null), []));

    public Task<Result<FactorSummary>> RenameAsync(PrincipalId person, string factorId, string name, string actor, CancellationToken cancellation) =>
        Task.FromResult<Result<FactorSummary>>(new FactorSummary(factorId, FactorKind.Totp, name, null, clock.GetUtcNow(), null));

    public Task<Result<FactorSummary>> RemoveAsync(PrincipalId person, string factorId, string actor, CancellationToken cancellation) =>
        Task.FromResult<Result<FactorSummary>>(new Refusal("no_such_factor", "There is no such factor."));

    public Task<Result<(FactorSummary Factor, IReadOnlyList<string> RecoveryCodes)>> ConfirmDuoAsync(
        PrincipalId person, string session, string? name, string actor, CancellationToken cancellation) =>
        Task.FromResult<Result<(FactorSummary Factor, IReadOnlyList<string> RecoveryCodes)>>(new Refusal("not_begun", "Start adding Duo Push again."));

    public Task<IReadOnlyList<string>> MakeRecoveryCodesAsync(PrincipalId person, string actor, CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<string>>(["aaaa-bbbb"]);

    public Task<string?> IssueLinkAsync(CancellationToken cancellation) => Task.FromResult(people.Count == 0 ? "link-secret" : null);

    public bool IsValid(string secret) => secret == "link-secret";

    public Task<Result<SessionStart>> CompleteAsync(string secret, string name, string email, string password, CancellationToken cancellation) =>
        Task.FromResult<Result<SessionStart>>(Refusals.SignInRefused);

    private static Principal PrincipalOf(PersonSummary person) =>
        new(person.Id, person.Name, person.IsAdministrator) { Factors = person.Factors.Select(factor => factor.Kind).ToHashSet() };

    private Task<Result<PersonSummary>> Change(string name, string actor, Func<PersonSummary, PersonSummary> change)
    {
        LastActor = actor;
        return Task.FromResult<Result<PersonSummary>>(people.TryGetValue(name, out var person) ? people[name] = change(person) : Refusals.NoSuchPerson);
    }
}
