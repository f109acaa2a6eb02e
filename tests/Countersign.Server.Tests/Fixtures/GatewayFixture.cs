using Countersign.Core.Audit;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Countersign.Core.Git;
using Countersign.Core.Identities;
using Countersign.Core.Policies;
using Countersign.Server.Audit;
using Countersign.Server.Enforcement;
using Countersign.Server.People;
using Countersign.Server.Policies;
using Countersign.Server.Storage;
using Countersign.Server.Transports.Https;
using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Countersign.Server.Tests.Fixtures;

/// <summary>A whole gateway on a free loopback port with a data folder of its own and a clock that the test moves.</summary>
internal sealed class GatewayFixture : IAsyncDisposable
{
    private readonly Dictionary<string, string?> settings;
    private readonly Action<IServiceCollection>? replace;
    private readonly List<TestPerson> people = [];
    private DataFolder? folder;

    private GatewayFixture(Dictionary<string, string?> settings, Action<IServiceCollection>? replace, Func<GatewayOptions, GatewayOptions>? options)
    {
        (this.settings, this.replace) = (settings, replace);
        settings.TryAdd("Holds:PromptsPerMinute", "1000"); // a story asks one person more often than somebody at work is asked
        settings.TryAdd("Holds:PromptsPerHour", "1000");
        var port = FreePort();
        Options = new()
        {
            Data = Path.Combine(Folder.FullName, "data"),
            Http = new(IPAddress.Loopback, port),
            Url = new($"http://localhost:{port}"),
        };
        Options = options?.Invoke(Options) ?? Options;
    }

    public DirectoryInfo Folder { get; } = Directory.CreateTempSubdirectory("countersign-test-");

    public GatewayOptions Options { get; }

    public FakeClock Clock { get; } = new(DateTimeOffset.FromUnixTimeSeconds(TimeProvider.System.GetUtcNow().ToUnixTimeSeconds()));

    public WebApplication App { get; private set; } = null!;

    public string Url => $"http://localhost:{Options.Http.Port}";

    public T Get<T>()
        where T : notnull => App.Services.GetRequiredService<T>();

    /// <summary>Starts with the default policy unless <paramref name="policy"/> says otherwise; settings are configuration keys such as <c>Holds:HttpsSeconds</c>.</summary>
    public static async Task<GatewayFixture> StartAsync(
        string? policy = null, Dictionary<string, string?>? settings = null, Action<IServiceCollection>? replace = null,
        Func<GatewayOptions, GatewayOptions>? options = null)
    {
        var fixture = new GatewayFixture(settings ?? [], replace, options);
        await fixture.StartServingAsync();
        if (policy is not null)
        {
            await fixture.ApplyPolicyAsync(policy);
        }

        return fixture;
    }

    public async Task ApplyPolicyAsync(string policy) => Assert.Empty(await Get<PolicyStore>().ApplyAsync(policy, "test"));

    /// <summary>A person with an authenticator app and an access token; member of ACME with <paramref name="role"/>.</summary>
    public async Task<TestPerson> AddPersonAsync(string name = "ann", Role role = Role.Write, bool factor = true)
    {
        var person = await TestPerson.AddAsync(this, name, factor);
        people.Add(person);
        if (role != Role.None)
        {
            await EnsureWorkspaceAsync();
            Assert.Null((await Get<IWorkspaces>().AddMemberAsync("ACME", name, role, accepted: true, "test", TestContext.Current.CancellationToken)).Refusal);
        }

        return person;
    }

    public async Task MakeAdministratorAsync(string name)
    {
        await using var database = await Get<IDbContextFactory<GatewayDbContext>>().CreateDbContextAsync(TestContext.Current.CancellationToken);
        await database.Users.Where(person => person.UserName == name).ExecuteUpdateAsync(set => set.SetProperty(person => person.IsAdministrator, true), TestContext.Current.CancellationToken);
    }

    /// <summary>The repository ACME/<paramref name="name"/> with one commit on main.</summary>
    public async Task<RepositoryPath> AddRepositoryAsync(string name = "core", bool isPublic = false, string? import = null)
    {
        await EnsureWorkspaceAsync();
        Assert.True(RepositoryPath.TryParse($"ACME/{name}", out var path));
        var source = import ?? await GitClient.MakeSourceAsync(Folder.CreateSubdirectory(Path.GetRandomFileName()).FullName);
        Assert.Null((await Get<IRepositories>().AddAsync(path, RepositoryKind.Repository, isPublic, source, "test", TestContext.Current.CancellationToken)).Refusal);
        return path;
    }

    public string BareFolder(RepositoryPath path) => Path.Combine(Options.RepositoriesFolder, path.Workspace, path.Name + ".git");

    /// <summary>What a ref of the served repository points at; null when it is not there.</summary>
    public async Task<string?> TipAsync(RepositoryPath path, string reference = "refs/heads/main")
    {
        var result = await GitClient.RunBareAsync(BareFolder(path), "rev-parse", "--verify", "--quiet", reference);
        return result.ExitCode == 0 ? result.Output.Trim() : null;
    }

    /// <summary>The whole audit log, oldest first.</summary>
    public async Task<IReadOnlyList<(long Seq, AuditEvent Event)>> AuditAsync()
    {
        var records = new List<(long, AuditEvent)>();
        await foreach (var record in Get<AuditLog>().ReadAsync(null, int.MaxValue, newestFirst: false))
        {
            records.Add((record.Seq, record.Event!));
        }

        return records;
    }

    /// <summary>The invariants that hold after every scenario: an intact log, each allowed forward recorded before, nobody held.</summary>
    public async Task AssertInvariantsAsync()
    {
        var verification = AuditVerifier.Verify(Options.LedgerFile, Options.KeysFolder, null);
        Assert.True(verification.Ok, verification.ToString());
        var records = await AuditAsync();
        var allowed = records.Where(record => record.Event.Type == AuditTypes.CommandDecided && record.Event.Facts["outcome"] == "allow").Select(record => record.Seq).ToHashSet();
        var completed = records
            .Where(record => record.Event.Type == AuditTypes.CommandCompleted)
            .Select(record => long.Parse(record.Event.Facts["decision"], CultureInfo.InvariantCulture))
            .ToList();
        Assert.All(completed, decision => Assert.Contains(decision, allowed));
        Assert.Equal(completed.Count, completed.Distinct().Count());
        Assert.Equal(0, Get<HoldPlaces>().Taken);
        Assert.Equal(0, Get<ChallengeAnnouncements>().Waiting);
        Assert.True(SpinWait.SpinUntil(() => Get<PushSpools>().Taken == 0, TimeSpan.FromSeconds(10))); // a client hears its end before its file is deleted
        var log = string.Concat(records.SelectMany(record => record.Event.Facts.Values));
        Assert.All(people.SelectMany(person => person.Secrets), secret => Assert.DoesNotContain(secret, log, StringComparison.Ordinal));
    }

    /// <summary>Stops and starts on the same data.</summary>
    public async Task RestartAsync()
    {
        await StopServingAsync();
        await StartServingAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var person in people)
        {
            await person.DisposeAsync();
        }

        await StopServingAsync();
        Folder.Delete(recursive: true);
    }

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private async Task StartServingAsync()
    {
        folder = DataFolder.Open(Options);
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(settings).Build();
        App = Gateway.Build(Options, configuration, services =>
        {
            services.AddSingleton<TimeProvider>(Clock);
            replace?.Invoke(services);
        });
        await App.StartAsync();
    }

    private async Task StopServingAsync()
    {
        await App.StopAsync();
        await App.DisposeAsync();
        folder?.Dispose();
    }

    private async Task EnsureWorkspaceAsync()
    {
        if (await Get<IWorkspaces>().FindAsync("ACME", CancellationToken.None) is null)
        {
            Assert.Null((await Get<IWorkspaces>().AddAsync("ACME", null, null, "test", CancellationToken.None)).Refusal);
        }
    }
}
