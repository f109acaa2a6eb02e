using System.Threading.Channels;
using Countersign.Core.Challenges;
using Countersign.Core.Identities;
using Countersign.Server.Enforcement;
using Countersign.Server.People;

namespace Countersign.Server.Tests.Fixtures;

/// <summary>A person who has signed up, with what is needed to run Git and to approve.</summary>
internal sealed class TestPerson : IAsyncDisposable
{
    public const string Password = "correct horse battery staple";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly GatewayFixture gateway;
    private readonly Channel<Challenge> changes = Channel.CreateUnbounded<Challenge>();
    private readonly CancellationTokenSource ended = new();
    private readonly Task watching;
    private readonly HashSet<ChallengeId> handedOut = [];
    private long lastStep;

    private TestPerson(GatewayFixture gateway, PrincipalId id, string name, AuthenticatorApp? app, string token)
    {
        (this.gateway, Id, Name, App, Token) = (gateway, id, name, app, token);
        watching = WatchAsync();
    }

    public PrincipalId Id { get; }

    public string Name { get; }

    public AuthenticatorApp? App { get; }

    /// <summary>The access token.</summary>
    public string Token { get; }

    public Principal Principal => gateway.Get<IPeople>().FindPrincipal(Id) ?? throw new InvalidOperationException($"{Name} is disabled");

    public IEnumerable<string> Secrets => [Token, Password, .. App is null ? Array.Empty<string>() : [App.Secret]];

    /// <summary>The address below another origin, such as a proxy's, with the person's name and token.</summary>
    public string UrlBehind(string origin, string repository) => $"{origin.Replace("://", $"://{Name}:{Token}@", StringComparison.Ordinal)}/scm/{repository}.git";

    public string UrlOf(string repository) => $"http://{Name}:{Token}@localhost:{gateway.Options.Http.Port}/scm/{repository}.git";

    public static async Task<TestPerson> AddAsync(GatewayFixture gateway, string name, bool factor)
    {
        var cancellation = TestContext.Current.CancellationToken;
        var added = await gateway.Get<IPeople>().AddAsync(name, $"{name}@example.org", Password, false, "test", cancellation);
        Assert.Null(added.Refusal);
        var app = factor ? new AuthenticatorApp((await gateway.Get<IFactorEnrolment>().AddTotpAsync(name, "test", cancellation)).Value!) : null;
        var token = await gateway.Get<IAccessTokens>().AddAsync(added.Value!.Id, "laptop", 30, "test", cancellation);
        return new(gateway, added.Value.Id, name, app, token.Value.Secret);
    }

    /// <summary>The next request that waits for this person; each is handed out once.</summary>
    public Task<Challenge> NextRequestAsync() => NextAsync(challenge => challenge is { State: ChallengeState.Pending, Version: 0 } && handedOut.Add(challenge.Id));

    /// <summary>The next change that fits, dropping what came before.</summary>
    public async Task<Challenge> NextAsync(Func<Challenge, bool> fits)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(Patience);
        while (true)
        {
            var challenge = await changes.Reader.ReadAsync(patience.Token);
            if (fits(challenge))
            {
                return challenge;
            }
        }
    }

    /// <summary>A code that was not used yet; moves the clock to the next step when this one's is spent.</summary>
    public string FreshCode()
    {
        if (AuthenticatorApp.StepOf(gateway.Clock.GetUtcNow()) <= lastStep)
        {
            gateway.Clock.Advance(TimeSpan.FromSeconds(30));
        }

        lastStep = AuthenticatorApp.StepOf(gateway.Clock.GetUtcNow());
        return App!.CodeAt(lastStep);
    }

    public Task<ApprovalResult> ApproveAsync(Challenge challenge, string? number = null) =>
        gateway.Get<Approvals>().ApproveAsync(Principal, challenge.Id, new(number, FreshCode(), null, null), TestContext.Current.CancellationToken);

    public Task<ApprovalResult> DenyAsync(Challenge challenge, bool reported = false) =>
        gateway.Get<Approvals>().DenyAsync(Principal, challenge.Id, reported, TestContext.Current.CancellationToken);

    /// <summary>Waits for the next request and approves it.</summary>
    public async Task<Challenge> ApproveNextAsync()
    {
        var challenge = await NextRequestAsync();
        Assert.Equal(ApprovalOutcome.Done, (await ApproveAsync(challenge)).Outcome);
        return challenge;
    }

    public async Task<Challenge> DenyNextAsync()
    {
        var challenge = await NextRequestAsync();
        Assert.Equal(ApprovalOutcome.Done, (await DenyAsync(challenge)).Outcome);
        return challenge;
    }

    public async ValueTask DisposeAsync()
    {
        await ended.CancelAsync();
        await watching;
        ended.Dispose();
    }

    private async Task WatchAsync()
    {
        try
        {
            await foreach (var challenge in gateway.Get<ChallengeReader>().WatchAsync(Id, ended.Token))
            {
                changes.Writer.TryWrite(challenge);
            }
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // The test is over.
        }
    }
}
