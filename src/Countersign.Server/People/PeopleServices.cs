using Countersign.Server.Storage;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;

namespace Countersign.Server.People;

internal static class PeopleServices
{
    /// <summary>
    /// People and what they hold. Needs <see cref="GatewayOptions"/>, a <see cref="TimeProvider"/>, the ledger, the factors and an
    /// <see cref="IRepositoryFiles"/>.
    /// </summary>
    public static IServiceCollection AddPeople(this IServiceCollection services)
    {
        services.AddDbContextFactory<GatewayDbContext>((provider, options) => options
            .UseSqlite($"Data Source={provider.GetRequiredService<GatewayOptions>().DatabaseFile};Default Timeout=10")
            .AddInterceptors(new SqliteDurability(), provider.GetRequiredService<DatabaseVersion>()));
        services.AddSingleton<DatabaseVersion>();
        services.AddSingleton<DatabaseReader>();
        services.AddSingleton<PrincipalReader>();
        services.AddSingleton<GatewayDatabase>();
        services.AddHostedService(provider => provider.GetRequiredService<GatewayDatabase>());
        AddIdentity(services);

        services.AddSingleton<AuditTrail>();
        services.AddSingleton<AccessEndings>();
        services.AddSingleton<LastUses>();
        services.AddHostedService(provider => provider.GetRequiredService<LastUses>());
        services.AddSingleton<INotices, Notices>();
        services.AddSingleton<KnownNetworks>();
        services.AddSingleton<AdministratorNotices>();
        services.AddSingleton<Summaries>();
        services.AddSingleton<PasswordCheck>();
        services.AddSingleton<IPeople, PersonStore>();
        services.AddSingleton<ILocks, Locks>();
        services.AddSingleton<IAccessTokens, AccessTokens>();
        services.AddSingleton<SshKeyRegister>();
        services.AddSingleton<ISshKeys, SshKeys>();
        services.AddSingleton<IWorkspaces, Workspaces>();
        services.AddSingleton<Repositories>();
        services.AddSingleton<IRepositories>(provider => provider.GetRequiredService<Repositories>());
        services.AddSingleton<FactorRemoval>();
        services.AddSingleton<IFactorEnrolment, FactorEnrolment>();
        services.AddSingleton<IFactorOrders, FactorOrders>();
        services.AddSingleton<ISignIn, SignIn>();
        services.AddSingleton<ISessions, Sessions>();
        services.AddSingleton<ISetup, Setup>();
        return services;
    }

    private static void AddIdentity(IServiceCollection services)
    {
        services.AddScoped<ILookupNormalizer, CanonicalKeys>();
        services.AddIdentityCore<Person>(options =>
            {
                options.Stores.SchemaVersion = IdentitySchemaVersions.Version3;
                options.User.AllowedUserNameCharacters = "abcdefghijklmnopqrstuvwxyz0123456789._-";
                options.User.RequireUniqueEmail = true;
                options.Password.RequiredLength = PasswordRules.MinLength;
                options.Password.RequiredUniqueChars = 1;
                options.Password.RequireDigit = false;
                options.Password.RequireLowercase = false;
                options.Password.RequireUppercase = false;
                options.Password.RequireNonAlphanumeric = false;
            })
            .AddPasswordValidator<PasswordRules>()
            .AddEntityFrameworkStores<GatewayDbContext>();
        services.Configure<PasswordHasherOptions>(options => options.IterationCount = PasswordRules.Iterations);
        services.AddSingleton<IPasswordHasher<Person>, PasswordHasher<Person>>();
    }
}
