using Countersign.Core.Identities;
using Countersign.Server.Storage;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;

namespace Countersign.Server.People;

/// <summary>Verifies passwords, taking the same time for somebody who does not exist, is disabled or has no password.</summary>
internal sealed class PasswordCheck(IServiceScopeFactory scopes, IPasswordHasher<Person> hasher, TimeProvider clock)
{
    private readonly Person nobody = new();
    private readonly Lazy<string> nobodysHash = new(() => hasher.HashPassword(new(), StoredSecret.Random256()));

    /// <summary>The enabled person whose password this is, or null.</summary>
    public async Task<Person?> VerifyAsync(string name, string password, CancellationToken cancellation)
    {
        await using var scope = scopes.CreateAsyncScope();
        var people = scope.ServiceProvider.GetRequiredService<UserManager<Person>>();
        var canonical = PersonName.TryParse(name, out var parsed) ? parsed : "?";
        var person = await scope.ServiceProvider.GetRequiredService<GatewayDbContext>()
            .Users.SingleOrDefaultAsync(row => row.NormalizedUserName == canonical, cancellation);
        var typed = password.Length <= PasswordRules.MaxLength ? password : "";
        if (person is not { PasswordHash: not null })
        {
            hasher.VerifyHashedPassword(nobody, nobodysHash.Value, typed);
            return null;
        }

        return await people.CheckPasswordAsync(person, typed) && person.DisabledAt is null ? person : null;
    }

    public async Task SignedInAsync(PrincipalId person)
    {
        var now = clock.GetUtcNow();
        await using var scope = scopes.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<GatewayDbContext>().Users.Where(row => row.Id == person.Value)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.LastSignInAt, now));
    }

    public TimeSpan Until(DateTimeOffset? time) => time is { } until ? until - clock.GetUtcNow() : TimeSpan.FromSeconds(1);
}
