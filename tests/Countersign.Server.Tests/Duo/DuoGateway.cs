using System.Net;
using System.Runtime.Versioning;
using Countersign.Core.Challenges;
using Countersign.Core.Git;
using Countersign.Core.Identities;
using Countersign.Demo;
using Countersign.Server.Factors.DuoPush;
using Countersign.Server.People;
using Countersign.Server.Tests.Fixtures;

namespace Countersign.Server.Tests.Duo;

/// <summary>A gateway that uses the simulated Duo, on one clock with it; ann has Duo Push, and an authenticator app unless told otherwise.</summary>
internal sealed class DuoGateway : IAsyncDisposable
{
    /// <summary>The key of the session in which people add Duo here, where nobody is signed in.</summary>
    public const string Session = "00000000000000000000000000000001";

    public const string Basic =
        """
        version: 1
        mode: enforce
        rules:
          - { name: reads, operations: [read], effect: allow }
          - { name: writes, operations: [write], require: { strength: basic } }
        """;

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("countersign-duo-");
    private SshFixture? ssh;

    public DuoSimulator Duo { get; private set; } = null!;

    public GatewayFixture Gateway { get; private set; } = null!;

    public TestPerson Ann { get; private set; } = null!;

    public RepositoryPath Core { get; private set; } = null!;

    public SshFixture Ssh => ssh!;

    public static Task<DuoGateway> StartAsync(string? policy = Basic, Dictionary<string, string?>? settings = null, bool app = true, bool enrolled = true) =>
        StartAsync(all => GatewayFixture.StartAsync(policy, all), settings, app, enrolled);

    [SupportedOSPlatform("linux")]
    public static async Task<DuoGateway> StartWithSshAsync(string policy = Basic)
    {
        SshFixture? ssh = null;
        var story = await StartAsync(async all => (ssh = await SshFixture.StartAsync(policy: policy, settings: all)).Gateway, null, app: true, enrolled: true);
        story.ssh = ssh;
        return story;
    }

    /// <summary>As on the security page: begin, approve the push, take the device into use.</summary>
    public async Task EnrolAsync(TestPerson person, string name = "Ann's iPhone", string? userName = null)
    {
        Duo.AddUser(userName ?? person.Name);
        var enrolment = Gateway.Get<DuoEnrolment>();
        var here = new ClientAddress(IPAddress.Loopback);
        var offer = await enrolment.BeginAsync(person.Id, Session, here, TestContext.Current.CancellationToken);
        Assert.Null(offer.Refusal);
        var trial = await enrolment.PushAsync(person.Id, Session, offer.Value!.Devices[0].Id, here);
        Assert.Null(trial.Refusal);
        (await ArrivedAsync()).Reply(PhoneAnswer.Approve);
        await trial.Value!.Ended.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        Assert.Null((await Gateway.Get<IFactorEnrolment>().ConfirmDuoAsync(person.Id, Session, name, person.Name, TestContext.Current.CancellationToken)).Refusal);
        Duo.Calls.Clear();
    }

    /// <summary>What the person has begun in the only session that they have.</summary>
    public async Task<DuoTrial> TrialAsync(TestPerson person)
    {
        var session = Assert.Single(await Gateway.Get<ISessions>().ListAsync(person.Id, TestContext.Current.CancellationToken)).Key;
        return Gateway.Get<DuoEnrolment>().TrialOf(person.Id, session)!;
    }

    public async Task<SimulatedPush> ArrivedAsync()
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(TimeSpan.FromSeconds(60));
        return await Duo.NextPushAsync(patience.Token);
    }

    /// <summary>A work tree with a commit that is not pushed yet; came from the repository's files, not through the gateway.</summary>
    public async Task<(GitClient Git, string Tip)> CommittedAsync(string url, IReadOnlyDictionary<string, string>? environment = null)
    {
        var work = Path.Combine(folder.FullName, Path.GetRandomFileName());
        await new GitClient(folder.FullName).SucceedAsync("-c", "safe.directory=*", "clone", "-q", Gateway.BareFolder(Core), work);
        var git = new GitClient(work, environment: environment);
        await git.SucceedAsync("remote", "set-url", "origin", url);
        return (git, await git.CommitAsync("new.txt", "new\n"));
    }

    /// <summary>How the newest request stands.</summary>
    public async Task<Challenge> SettledAsync() => await Ann.NextAsync(challenge => challenge.State is not ChallengeState.Pending);

    public async ValueTask DisposeAsync()
    {
        if (Gateway is not null)
        {
            await Gateway.DisposeAsync();
        }

        await Duo.DisposeAsync();
        folder.Delete(recursive: true);
    }

    private static async Task<DuoGateway> StartAsync(
        Func<Dictionary<string, string?>, Task<GatewayFixture>> start, Dictionary<string, string?>? settings, bool app, bool enrolled)
    {
        var story = new DuoGateway();
        var clock = new LateClock();
        story.Duo = await DuoSimulator.StartAsync(clock);
        var all = story.Duo.Settings(story.folder.FullName);
        foreach (var (key, value) in settings ?? [])
        {
            all[key] = value;
        }

        story.Gateway = await start(all);
        clock.Inner = story.Gateway.Clock;
        story.Ann = await story.Gateway.AddPersonAsync(factor: app);
        story.Core = await story.Gateway.AddRepositoryAsync();
        if (enrolled)
        {
            await story.EnrolAsync(story.Ann);
        }

        return story;
    }
}
