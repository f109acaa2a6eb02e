using System.Net;
using Countersign.Core.Identities;
using Countersign.Demo;
using Countersign.Server.Factors.DuoPush;
using Countersign.Server.Tests.Fixtures;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Countersign.Server.Tests.Duo;

/// <summary>The product's client and the simulator, without a gateway around them; on a clock that the test moves.</summary>
internal sealed class DuoBench : IAsyncDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("countersign-duo-");
    private ServiceProvider services = null!;

    public static ClientAddress Here { get; } = new(IPAddress.Parse("203.0.113.9"));

    public static DuoMessage Message { get; } = new("Git push", "ann", "Repository=ACME%2Fcore&From=203.0.113.9");

    public FakeClock Clock { get; } = new();

    public DuoSimulator Duo { get; private set; } = null!;

    public SimulatedUser Ann { get; private set; } = null!;

    public DuoAuthApi Api => services.GetRequiredService<DuoAuthApi>();

    public DuoPushes Pushes => services.GetRequiredService<DuoPushes>();

    public DuoBreaker Breaker => services.GetRequiredService<DuoBreaker>();

    public static async Task<DuoBench> StartAsync(int version = 5, Action<Dictionary<string, string?>, DirectoryInfo>? settings = null)
    {
        var bench = new DuoBench();
        bench.Duo = await DuoSimulator.StartAsync(bench.Clock);
        bench.Ann = bench.Duo.AddUser("ann");
        var all = bench.Duo.Settings(bench.folder.FullName, version);
        all["Factors:DuoPush:AnswerSeconds"] = "60"; // beyond the pauses, so that a test can tell one wait from another
        all["Factors:DuoPush:PushSeconds"] = "600";
        settings?.Invoke(all, bench.folder);
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(all).Build();
        bench.services = new ServiceCollection()
            .AddSingleton<IConfiguration>(configuration)
            .AddSingleton<TimeProvider>(bench.Clock)
            .AddLogging()
            .AddDuoPush(configuration)
            .BuildServiceProvider();
        return bench;
    }

    public async Task<DuoPushed> PushAsync()
    {
        var (push, why) = await Pushes.SendAsync("ann", Here, new(null, ""), Message, TestContext.Current.CancellationToken);
        Assert.True(push is not null, why);
        return push;
    }

    public Task<DuoOutcome> WaitAsync(DuoPushed push, List<string>? codes = null) => Pushes.WaitAsync(push, code =>
    {
        codes?.Add(code);
        return Task.CompletedTask;
    }, TestContext.Current.CancellationToken);

    public async Task<SimulatedPush> ArrivedAsync()
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(TimeSpan.FromSeconds(60));
        return await Duo.NextPushAsync(patience.Token);
    }

    /// <summary>Moves time over every pause of up to half a minute, until it is done.</summary>
    public async Task<T> OverPausesAsync<T>(Func<Task<T>> work)
    {
        var paused = Clock.WhenArmedAsync(TimeSpan.Zero, TimeSpan.FromSeconds(34));
        var task = work();
        while (await Task.WhenAny(task, paused) != task)
        {
            var next = Clock.WhenArmedAsync(TimeSpan.Zero, TimeSpan.FromSeconds(34));
            Clock.Advance(TimeSpan.FromSeconds(34));
            paused = next;
        }

        _ = paused.ContinueWith(unused => unused.Exception, TestContext.Current.CancellationToken, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        return await task;
    }

    public async ValueTask DisposeAsync()
    {
        await services.DisposeAsync();
        await Duo.DisposeAsync();
        folder.Delete(recursive: true);
    }
}
