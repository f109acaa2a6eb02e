using System.Net;
using Countersign.Core.Challenges;
using Countersign.Core.Git;
using Countersign.Core.Identities;
using Countersign.Core.Policies;
using Countersign.Server.Audit;
using Countersign.Server.Enforcement;
using Countersign.Server.People;
using Countersign.Server.Storage.Sqlite;
using Countersign.Server.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;

namespace Countersign.Server.Tests.Regressions;

/// <summary>"This wasn't me" is done by the time that the command of whoever has the credential hears of it, and whatever happens to the gateway.</summary>
public sealed class ReportOrderTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_waiting_command_hears_of_a_report_only_when_its_credential_is_dead_also_where_its_wait_ends_in_between(bool waitEnds)
    {
        SlowTokens tokens = null!;
        await using var gateway = await StartAsync(slow => tokens = slow);
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        using var git = new Visitor(gateway);
        var fetch = git.FetchAsync(ann);
        var request = await ann.NextRequestAsync();
        var revoking = tokens.HoldUp();
        var reporting = ann.DenyAsync(request, reported: true);
        await revoking.Begun.WaitAsync(TimeSpan.FromSeconds(60), Cancellation);
        Assert.Equal(new ChallengeState.Denied(DenialCause.Reported), gateway.Get<ChallengeReader>().Find(request.Id)!.State);
        if (waitEnds)
        {
            gateway.Clock.Advance(TimeSpan.FromMinutes(2));
        }

        Assert.False(fetch.IsCompleted);
        Assert.False(reporting.IsCompleted);
        revoking.GoOn();
        Assert.Contains("was reported as", (await fetch).Body, StringComparison.Ordinal);
        Assert.Equal(401, (await git.FetchAsync(ann)).Status);
        Assert.Equal(ApprovalOutcome.Done, (await reporting).Outcome);
        Assert.Single(await gateway.AuditAsync(), record => record.Event.Type == AuditTypes.TokenRevoked);
        Assert.Single(await gateway.Get<INotices>().ListAsync(ann.Id, Cancellation), notice => notice.Text.StartsWith("You reported", StringComparison.Ordinal));
        await gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task A_gateway_that_died_between_the_report_and_the_revocation_revokes_before_it_serves_again()
    {
        await using var gateway = await StartAsync(_ => { });
        var ann = await gateway.AddPersonAsync();
        var core = await gateway.AddRepositoryAsync();
        var token = Assert.Single(await gateway.Get<IAccessTokens>().ListAsync(ann.Id, Cancellation)).Id;
        var register = gateway.Get<ChallengeRegister>();
        var request = (await gateway.Get<ChallengeOpenings>().OpenAsync(
            new(ann.Id, ann.Name, new(token, "laptop"), new GitCommand(GitService.UploadPack, core), new ClientAddress(IPAddress.Loopback), null, "git/2.47.3"),
            new(new() { Strength = Strength.Basic }, new()) { Reason = new(ReasonCode.SecondFactorOwed) })).Challenge!;
        var died = new TaskCompletionSource();
        _ = register.SettleAsync(request.Id, new ChallengeEvent.Declined(Reported: true), "ann", _ =>
        {
            died.SetResult();
            return new TaskCompletionSource().Task;
        });
        await died.Task.WaitAsync(TimeSpan.FromSeconds(60), Cancellation);
        using var git = new Visitor(gateway);
        await gateway.RestartAsync();
        Assert.Equal(401, (await git.FetchAsync(ann)).Status);
        Assert.Empty(PendingReports.All(gateway.Get<Ledger>().Reads));

        // Once: what is made good again later is not revoked by the next start.
        await gateway.RestartAsync();
        Assert.Single(
            await gateway.Get<INotices>().ListAsync(ann.Id, Cancellation), notice => notice.Text.StartsWith($"You reported request {request.Id}", StringComparison.Ordinal));
        await gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task What_is_reported_twice_is_told_once()
    {
        await using var gateway = await StartAsync(_ => { });
        var ann = await gateway.AddPersonAsync();
        await gateway.AddPersonAsync("boss");
        await gateway.MakeAdministratorAsync("boss");
        await gateway.AddRepositoryAsync();
        using var git = new Visitor(gateway);
        var fetch = git.FetchAsync(ann);
        var request = await ann.NextRequestAsync();
        for (var times = 0; times < 3; times++)
        {
            await ann.DenyAsync(request, reported: true);
        }

        Assert.False(Visitor.Released(await fetch));
        var boss = (await gateway.Get<IPeople>().FindAsync("boss", Cancellation))!.Id;
        Assert.Single(await gateway.Get<INotices>().ListAsync(boss, Cancellation), notice => notice.Text.Contains(request.Id.Value, StringComparison.Ordinal));
        Assert.Single(await gateway.Get<INotices>().ListAsync(ann.Id, Cancellation), notice => notice.Text.StartsWith("You reported", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_approval_that_nobody_has_spent_yet_ends_with_the_report_itself_before_the_credential_can_be_revoked()
    {
        SlowTokens tokens = null!;
        await using var gateway = await StartAsync(slow => tokens = slow);
        var ann = await gateway.AddPersonAsync();
        var core = await gateway.AddRepositoryAsync();
        var token = Assert.Single(await gateway.Get<IAccessTokens>().ListAsync(ann.Id, Cancellation)).Id;
        CommandRequest asked = new(ann.Id, ann.Name, new(token, "laptop"), new GitCommand(GitService.UploadPack, core), new ClientAddress(IPAddress.Loopback), null, "git/2.47.3");
        var request = (await gateway.Get<ChallengeOpenings>().OpenAsync(
            asked, new(new() { Strength = Strength.Basic }, new()) { Reason = new(ReasonCode.SecondFactorOwed) })).Challenge!;
        Assert.Equal(ApprovalOutcome.Done, (await ann.ApproveAsync(request)).Outcome);
        tokens.FailFor = 1;
        await Assert.ThrowsAsync<IOException>(() => ann.DenyAsync(request, reported: true));
        Assert.IsType<ChallengeState.Cancelled>((await gateway.Get<ChallengeRegister>().RedeemAsync(request.Id, asked))!.State);
        Assert.Empty(gateway.Get<GrantStore>().Live(ann.Id, gateway.Clock.GetUtcNow()));
    }

    [Fact]
    public async Task A_revocation_that_failed_is_carried_out_as_soon_as_it_can_be_and_the_command_is_denied_meanwhile()
    {
        SlowTokens tokens = null!;
        await using var gateway = await StartAsync(slow => tokens = slow);
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        using var git = new Visitor(gateway);
        var fetch = git.FetchAsync(ann);
        var request = await ann.NextRequestAsync();
        tokens.FailFor = 2;
        await Assert.ThrowsAsync<IOException>(() => ann.DenyAsync(request, reported: true));
        Assert.False(Visitor.Released(await fetch));
        Assert.Equal(request.Id, Assert.Single(PendingReports.All(gateway.Get<Ledger>().Reads)));
        while ((await gateway.Get<IAccessTokens>().ListAsync(ann.Id, Cancellation)).Count > 0)
        {
            Cancellation.ThrowIfCancellationRequested();
            gateway.Clock.Advance(TimeSpan.FromSeconds(5));
            await Task.Yield();
        }

        Assert.Equal(401, (await git.FetchAsync(ann)).Status);
    }

    [Fact]
    public async Task Two_reports_of_one_request_at_once_revoke_once()
    {
        await using var gateway = await StartAsync(_ => { });
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        using var git = new Visitor(gateway);
        var fetch = git.FetchAsync(ann);
        var request = await ann.NextRequestAsync();
        var results = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => ann.DenyAsync(request, reported: true), Cancellation)));
        Assert.All(results, result => Assert.Equal(ApprovalOutcome.Done, result.Outcome));
        await fetch;
        Assert.Equal(401, (await git.FetchAsync(ann)).Status);
        Assert.Single(await gateway.AuditAsync(), record => record.Event.Type == AuditTypes.TokenRevoked);
        Assert.Empty(PendingReports.All(gateway.Get<Ledger>().Reads));
    }

    private static Task<GatewayFixture> StartAsync(Action<SlowTokens> keep) => GatewayFixture.StartAsync(replace: services =>
    {
        services.AddSingleton<AccessTokens>();
        services.AddSingleton<IAccessTokens>(provider =>
        {
            var tokens = new SlowTokens(provider.GetRequiredService<AccessTokens>());
            keep(tokens);
            return tokens;
        });
    });

    /// <summary>The gateway's own, with a revocation that takes as long as the test wants.</summary>
    private sealed class SlowTokens(AccessTokens tokens) : IAccessTokens
    {
        private Revoking? holdUp;

        /// <summary>So many revocations fail first.</summary>
        public int FailFor { get; set; }

        public Revoking HoldUp() => holdUp = new();

        public async Task<Result<TokenSummary>> RevokeAsync(PrincipalId owner, string id, string actor, CancellationToken cancellation)
        {
            if (FailFor-- > 0)
            {
                throw new IOException("the database is gone");
            }

            await (holdUp?.ArriveAsync() ?? Task.CompletedTask);
            return await tokens.RevokeAsync(owner, id, actor, cancellation);
        }

        public Task<Result<(TokenSummary Token, string Secret)>> AddAsync(PrincipalId owner, string label, int days, string actor, CancellationToken cancellation) =>
            tokens.AddAsync(owner, label, days, actor, cancellation);

        public Task<IReadOnlyList<TokenSummary>> ListAsync(PrincipalId owner, CancellationToken cancellation) => tokens.ListAsync(owner, cancellation);

        public AuthenticatedCredential? Authenticate(string? userName, string secret, ClientAddress from) => tokens.Authenticate(userName, secret, from);

        public bool IsLive(PrincipalId owner, string credentialId) => tokens.IsLive(owner, credentialId);
    }

    private sealed class Revoking
    {
        private readonly TaskCompletionSource begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource goOn = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Begun => begun.Task;

        public void GoOn() => goOn.SetResult();

        public Task ArriveAsync()
        {
            begun.TrySetResult();
            return goOn.Task;
        }
    }
}
