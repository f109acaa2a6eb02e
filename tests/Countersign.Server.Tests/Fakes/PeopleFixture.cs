using System.Net;
using Countersign.Core.Git;
using Countersign.Core.Identities;
using Countersign.Server.Audit;
using Countersign.Server.Enforcement;
using Countersign.Server.Factors.RecoveryCodes;
using Countersign.Server.Factors.Totp;
using Countersign.Server.Factors.WebAuthn;
using Countersign.Server.Factors;
using Countersign.Server.People;
using Countersign.Server.Storage.Sqlite;
using Countersign.Server.Storage;
using Countersign.Server.Tests.Fixtures;
using Countersign.Server.Upstreams;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Countersign.Server.Tests.Fakes;

/// <summary>The rooms of people and factors over real files in a temporary folder.</summary>
internal sealed class PeopleFixture : IAsyncDisposable
{
    public const string Password = "correct horse battery staple";
    public static readonly ClientAddress Home = new(IPAddress.Parse("192.0.2.7"));
    private readonly Dictionary<string, string?> settings;
    private ServiceProvider services;

    private PeopleFixture(Dictionary<string, string?> settings)
    {
        this.settings = settings;
        services = Build();
    }

    public string Folder { get; } = Directory.CreateTempSubdirectory("countersign-people-").FullName;

    public FakeClock Clock { get; } = new();

    public IPeople People => Get<IPeople>();

    public IAccessTokens Tokens => Get<IAccessTokens>();

    public ISessions Sessions => Get<ISessions>();

    public ISignIn SignIn => Get<ISignIn>();

    public IFactorEnrolment Enrolment => Get<IFactorEnrolment>();

    public IWorkspaces Workspaces => Get<IWorkspaces>();

    public IRepositories Repositories => Get<IRepositories>();

    public TotpFactor Totp => Get<TotpFactor>();

    public RecoveryCodeFactor Recovery => Get<RecoveryCodeFactor>();

    public WebAuthnFactor WebAuthn => Get<WebAuthnFactor>();

    public static ProofPurpose Approve(string subject, string? digest = null) => new("approve", subject, digest ?? new('a', 64));

    public static async Task<PeopleFixture> StartAsync(params (string Key, string Value)[] settings)
    {
        var fixture = new PeopleFixture(settings.ToDictionary(setting => setting.Key, setting => (string?)setting.Value));
        await fixture.Get<GatewayDatabase>().PrepareAsync(CancellationToken.None);
        return fixture;
    }

    public T Get<T>()
        where T : notnull => services.GetRequiredService<T>();

    /// <summary>Ends the process, so to speak, and starts it again over the same files.</summary>
    public async Task RestartAsync()
    {
        await services.DisposeAsync();
        SqliteConnection.ClearAllPools();
        services = Build();
        await Get<GatewayDatabase>().PrepareAsync(CancellationToken.None);
    }

    public async Task<Principal> AddPersonAsync(string name, string? password = null)
    {
        var added = await People.AddAsync(name, $"{name}@example.org", password, false, "test", CancellationToken.None);
        return People.FindPrincipal(added.Value!.Id)!;
    }

    /// <summary>An app that is set up, and a minute later: none of its codes is spent that shows now.</summary>
    public async Task<(byte[] Secret, IReadOnlyList<string> RecoveryCodes)> AddTotpAsync(Principal person)
    {
        var (_, text) = await Enrolment.BeginTotpAsync(person.Id, CancellationToken.None);
        var secret = Base32Text.Decode(text);
        var confirmed = await Enrolment.ConfirmTotpAsync(person.Id, CodeOf(secret), "phone", "test", CancellationToken.None);
        Clock.Advance(TimeSpan.FromMinutes(1));
        return (secret, confirmed.Value.RecoveryCodes);
    }

    public async Task<SoftwareAuthenticator> AddPasskeyAsync(Principal person, SoftwareAuthenticator? authenticator = null)
    {
        authenticator ??= new();
        var options = await Enrolment.PasskeyOptionsAsync(person.Id, CancellationToken.None);
        var added = await Enrolment.AddPasskeyAsync(person.Id, authenticator.Register(options), "key", "test", CancellationToken.None);
        Xunit.Assert.Null(added.Refusal);
        return authenticator;
    }

    public string CodeOf(byte[] secret, int stepsAgo = 0) => OneTimeCode.At(secret, OneTimeCode.StepAt(Clock.GetUtcNow()) - stepsAgo);

    public string WrongCodeOf(byte[] secret)
    {
        var right = new[] { CodeOf(secret), CodeOf(secret, 1) };
        return Enumerable.Range(0, 3).Select(number => number.ToString("D6", System.Globalization.CultureInfo.InvariantCulture)).First(code => !right.Contains(code));
    }

    public Task<FactorResult> TotpAsync(Principal person, string code) => Totp.VerifyAsync(person, Approve("WDJB-MJHT"), new(code, null), CancellationToken.None);

    public Task<FactorResult> RecoveryAsync(Principal person, string code) => Recovery.VerifyAsync(person, Approve("WDJB-MJHT"), new(code, null), CancellationToken.None);

    public Task<string> OptionsAsync(Principal person, ProofPurpose purpose) => WebAuthn.OptionsAsync(person, purpose, CancellationToken.None);

    public IReadOnlyList<string> AuditBodies() => Get<Ledger>().Read(connection =>
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT body FROM audit ORDER BY seq";
        using var rows = command.ExecuteReader();
        var bodies = new List<string>();
        while (rows.Read())
        {
            bodies.Add(System.Text.Encoding.UTF8.GetString((byte[])rows.GetValue(0)));
        }

        return bodies;
    });

    public async ValueTask DisposeAsync()
    {
        await services.DisposeAsync();
        SqliteConnection.ClearAllPools();
        Directory.Delete(Folder, recursive: true);
    }

    private ServiceProvider Build()
    {
        var collection = new ServiceCollection();
        collection.AddLogging();
        collection.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(settings).Build());
        collection.AddSingleton<TimeProvider>(Clock);
        collection.AddSingleton<IRepositoryFiles>(new NoFiles());
        var url = settings.GetValueOrDefault("Url") ?? "http://localhost:8080";
        collection.AddSingleton(new GatewayOptions { Data = Folder, Http = new(IPAddress.Loopback, 0), Url = new(url) });
        collection.AddAudit().AddLedger().AddFactors().AddPeople();
        collection.AddSingleton<UpstreamStore>().AddSingleton<TakenPlaces>(); // places are given away one at a time
        return collection.BuildServiceProvider(validateScopes: true);
    }

    /// <summary>Repositories on disk are another room's.</summary>
    private sealed class NoFiles : IRepositoryFiles
    {
        public Task CreateAsync(RepositoryPath path, CancellationToken cancellation) => Task.CompletedTask;

        public Task CreateSampleAsync(RepositoryPath path, CancellationToken cancellation) => Task.CompletedTask;

        public Task SetAsideAsync(RepositoryPath path, string name) => Task.CompletedTask;

        public string AsideOf(RepositoryPath path, string name) => name;

        public Task ImportAsync(RepositoryPath path, string source, CancellationToken cancellation) =>
            throw new IOException("There is no repository to import.");
    }
}

internal static class Base32Text
{
    public static byte[] Decode(string text)
    {
        var bits = string.Concat(text.Select(letter => Convert.ToString("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".IndexOf(letter, StringComparison.Ordinal), 2).PadLeft(5, '0')));
        return [.. Enumerable.Range(0, bits.Length / 8).Select(index => Convert.ToByte(bits.Substring(index * 8, 8), 2))];
    }
}
