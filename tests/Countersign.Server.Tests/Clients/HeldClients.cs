using Countersign.Core.Challenges;
using Countersign.Server.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;

namespace Countersign.Server.Tests.Clients;

/// <summary>
/// Every client with every command, all held at the same time for twenty seconds that really pass: how long a client bears
/// silence is its own clock's matter. One story then looks at one of them.
/// </summary>
public sealed class HeldClients : IAsyncLifetime
{
    private static readonly TimeSpan Hold = TimeSpan.FromSeconds(20);
    private readonly Dictionary<(string Client, string Command), Task<HeldClient>> all = [];
    private readonly List<GatewayFixture> gateways = [];

    public async ValueTask InitializeAsync()
    {
        foreach (var policy in new[] { null, ClientHome.OpenReads })
        {
            var gateway = await GatewayFixture.StartAsync(policy, replace: services => services.AddSingleton(TimeProvider.System));
            gateways.Add(gateway);
            foreach (var (client, command) in ClientMatrix.Holds.Select(row => row.Data).Where(row => (row.Item2 == "push with its refs") == (policy is not null)))
            {
                var name = $"p{all.Count}";
                var home = await ClientHome.MakeAsync(gateway, client, name, name);
                all.Add((client, command), HoldAsync(home, await home.PrepareAsync(ClientMatrix.Verb(command))));
            }
        }

        await Task.WhenAll(all.Values).ContinueWith(static _ => { }, TaskScheduler.Default); // each failure is a story's own
    }

    internal IReadOnlyList<GatewayFixture> Gateways => gateways;

    internal Task<HeldClient> ResultAsync(string client, string command) => all[(client, command)];

    public async ValueTask DisposeAsync()
    {
        foreach (var gateway in gateways)
        {
            await gateway.DisposeAsync();
        }
    }

    private static async Task<HeldClient> HoldAsync(ClientHome home, ClientCommand command)
    {
        var running = command.Start();
        var request = await home.Person.NextRequestAsync();
        var gaveUp = await Task.WhenAny(running.Completion, PassAsync(Hold)) == running.Completion;
        home.Gateway.Clock.Now = TimeProvider.System.GetUtcNow(); // the authenticator app's clock
        await home.Person.ApproveAsync(request);
        return new(home, command, request, gaveUp, await running.Completion);
    }

    public static async Task PassAsync(TimeSpan time)
    {
        var passed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var timer = TimeProvider.System.CreateTimer(_ => passed.SetResult(), null, time, Timeout.InfiniteTimeSpan);
        await passed.Task;
    }
}

internal sealed record HeldClient(ClientHome Home, ClientCommand Command, Challenge Request, bool GaveUp, GitResult Result);
