using Countersign.Core.Identities;
using Countersign.Server.Audit;
using Countersign.Server.Factors;
using Countersign.Server.Mail;
using Countersign.Server.Storage;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;

namespace Countersign.Server.People;

internal sealed class PersonStore(
    IServiceScopeFactory scopes, DatabaseReader reader, PrincipalReader principals, Summaries summaries, Throttles throttles, AccessEndings endings, AuditTrail audit, INotices notices,
    TimeProvider clock) : IPeople
{
    private const string Enabled = $"""
        SELECT {PrincipalQuery.Columns} FROM "AspNetUsers" p WHERE p."Id" = $1 AND p."DisabledAt" IS NULL
        """;

    private readonly Remembered<PrincipalId, Principal> enabled = reader.Remember<PrincipalId, Principal>(id => reader.First(Enabled, principals.Read, id.Value));

    public async Task<bool> AnyAsync(CancellationToken cancellation)
    {
        await using var scope = scopes.CreateAsyncScope();
        return await Database(scope).Users.AnyAsync(cancellation);
    }

    public async Task<Result<PersonSummary>> AddAsync(string name, string email, string? password, bool administrator, string actor, CancellationToken cancellation)
    {
        if (!PersonName.TryParse(name, out var canonical))
        {
            return new Refusal("bad_name", "A name has 1 to 64 of the characters a-z, 0-9, '.', '_' and '-', and starts with a letter or digit.");
        }

        if (!Mailbox.TryParseAddress(email, out var mailbox))
        {
            return new Refusal("bad_email", "That is not an email address that mail can be sent to.");
        }

        await using var scope = scopes.CreateAsyncScope();
        var people = scope.ServiceProvider.GetRequiredService<UserManager<Person>>();
        var person = new Person
        {
            Id = Guid.NewGuid(), UserName = canonical, Email = mailbox.Address, IsAdministrator = administrator, CreatedAt = clock.GetUtcNow(),
        };
        if (await WhyNotAsync(people, person, password) is { } refusal)
        {
            return refusal;
        }

        await audit.RecordAsync(
            AuditTypes.PersonAdded, actor,
            ("person", canonical), ("person_id", person.PrincipalId.ToString()), ("email", mailbox.Address), ("administrator", administrator ? "true" : "false"));
        var created = password is null ? await people.CreateAsync(person) : await people.CreateAsync(person, password);
        return created.Succeeded ? await summaries.OfAsync(Database(scope), person, cancellation) : RefusalOf(created);
    }

    public async Task<IReadOnlyList<PersonSummary>> ListAsync(CancellationToken cancellation)
    {
        await using var scope = scopes.CreateAsyncScope();
        var found = new List<PersonSummary>();
        foreach (var person in await Database(scope).Users.AsNoTracking().OrderBy(row => row.UserName).ToListAsync(cancellation))
        {
            found.Add(await summaries.OfAsync(Database(scope), person, cancellation));
        }

        return found;
    }

    public async Task<PersonSummary?> FindAsync(string name, CancellationToken cancellation)
    {
        await using var scope = scopes.CreateAsyncScope();
        return await NamedAsync(scope, name, cancellation) is { } person ? await summaries.OfAsync(Database(scope), person, cancellation) : null;
    }

    public async Task<PersonSummary?> FindAsync(PrincipalId id, CancellationToken cancellation)
    {
        await using var scope = scopes.CreateAsyncScope();
        return await Database(scope).Users.SingleOrDefaultAsync(row => row.Id == id.Value, cancellation) is { } person
            ? await summaries.OfAsync(Database(scope), person, cancellation)
            : null;
    }

    public bool HasPassword(PrincipalId id) => reader.First("""SELECT 1 FROM "AspNetUsers" WHERE "Id" = $1 AND "PasswordHash" IS NOT NULL""", static _ => true, id.Value);

    public Principal? FindPrincipal(PrincipalId id) => enabled.Find(id);

    public Task<Result<PersonSummary>> DisableAsync(string name, string actor, CancellationToken cancellation) =>
        ChangeAsync(name, AuditTypes.PersonDisabled, actor, DisableAsync, cancellation);

    public Task<Result<PersonSummary>> EnableAsync(string name, string actor, CancellationToken cancellation) =>
        ChangeAsync(name, AuditTypes.PersonEnabled, actor, (database, person) => database.Users
            .Where(row => row.Id == person.Id)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.DisabledAt, (DateTimeOffset?)null), CancellationToken.None), cancellation);

    public Task<Result<PersonSummary>> UnlockAsync(string name, string actor, CancellationToken cancellation) =>
        ChangeAsync(name, AuditTypes.PersonUnlocked, actor, (_, person) => throttles.UnlockAsync(person.PrincipalId, Summaries.LocksOf(person)), cancellation);

    // One transaction: nobody sees a disabled person with a living token. What enabling brings back is the account, not these.
    private async Task DisableAsync(GatewayDbContext database, Person person)
    {
        var now = clock.GetUtcNow();
        await using var transaction = await database.Database.BeginTransactionAsync(CancellationToken.None);
        await database.Users.Where(row => row.Id == person.Id && row.DisabledAt == null)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.DisabledAt, now), CancellationToken.None);
        await database.AccessTokens.Where(row => row.OwnerId == person.Id && row.RevokedAt == null)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.RevokedAt, now), CancellationToken.None);
        await database.SshKeys.Where(row => row.OwnerId == person.Id && row.RemovedAt == null)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.RemovedAt, now), CancellationToken.None);
        await database.UpstreamTokens.Where(row => row.PersonId == person.Id).ExecuteDeleteAsync(CancellationToken.None);
        await database.Sessions.Where(row => row.PersonId == person.Id).ExecuteDeleteAsync(CancellationToken.None);
        await transaction.CommitAsync(CancellationToken.None);
        endings.Raise(new(person.PrincipalId, null));
    }

    private async Task<Result<PersonSummary>> ChangeAsync(
        string name, string auditType, string actor, Func<GatewayDbContext, Person, Task> change, CancellationToken cancellation)
    {
        await using var scope = scopes.CreateAsyncScope();
        var database = Database(scope);
        if (await NamedAsync(scope, name, cancellation) is not { } person)
        {
            return Refusals.NoSuchPerson;
        }

        await audit.RecordAsync(auditType, actor, ("person", person.UserName!), ("person_id", person.PrincipalId.ToString()));
        await change(database, person);
        await database.Entry(person).ReloadAsync(CancellationToken.None);
        await notices.TellAsync(person.PrincipalId, News.Of(auditType), CancellationToken.None);
        return await summaries.OfAsync(database, person, cancellation);
    }

    private static async Task<Refusal?> WhyNotAsync(UserManager<Person> people, Person person, string? password)
    {
        // CreateAsync would run them too, but only after the record of the addition.
        foreach (var validator in people.UserValidators)
        {
            if (await validator.ValidateAsync(people, person) is { Succeeded: false } refused)
            {
                return RefusalOf(refused);
            }
        }

        foreach (var validator in password is null ? [] : people.PasswordValidators)
        {
            if (await validator.ValidateAsync(people, person, password) is { Succeeded: false } refused)
            {
                return RefusalOf(refused);
            }
        }

        return null;
    }

    private static Refusal RefusalOf(IdentityResult result) => result.Errors.First().Code switch
    {
        nameof(IdentityErrorDescriber.DuplicateUserName) => new("name_taken", "That name is taken."),
        nameof(IdentityErrorDescriber.DuplicateEmail) => new("email_taken", "That email address belongs to somebody else."),
        nameof(IdentityErrorDescriber.PasswordTooShort) => new("bad_password", $"A password has at least {PasswordRules.MinLength} characters."),
        PasswordRules.TooLong or PasswordRules.Personal => new("bad_password", result.Errors.First().Description),
        _ => new("refused", result.Errors.First().Description),
    };

    private static Task<Person?> NamedAsync(AsyncServiceScope scope, string name, CancellationToken cancellation) =>
        PersonName.TryParse(name, out var canonical)
            ? Database(scope).Users.SingleOrDefaultAsync(row => row.NormalizedUserName == canonical, cancellation)
            : Task.FromResult<Person?>(null);

    private static GatewayDbContext Database(AsyncServiceScope scope) => scope.ServiceProvider.GetRequiredService<GatewayDbContext>();
}
