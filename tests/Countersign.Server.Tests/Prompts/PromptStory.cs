using System.Net;
using System.Security.Cryptography;
using Countersign.Core.Challenges;
using Countersign.Core.Git;
using Countersign.Core.Identities;
using Countersign.Core.Policies;
using Countersign.Server.Enforcement;
using Countersign.Server.Factors.EmailApproval;
using Countersign.Server.People;
using Countersign.Server.Storage;
using Countersign.Server.Tests.Fixtures;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Countersign.Server.Tests.Prompts;

/// <summary>A gateway with two factors that go to people, and ann who has them beside her authenticator app.</summary>
internal sealed class PromptStory : IAsyncDisposable
{
    public const string Basic = "version: 1\nmode: enforce\nrules:\n  - { name: all, require: { strength: basic } }\n";
    public const string Strong = "version: 1\nmode: enforce\nrules:\n  - { name: all, require: { strength: strong } }\n";
    public const string OpenReads = "version: 1\nmode: enforce\nrules:\n  - { name: reads, operations: [read], effect: allow }\n  - { name: writes, operations: [write], require: { strength: basic } }\n";

    private PromptStory(GatewayFixture gateway, Scripted scripted, TestPerson ann) =>
        (Gateway, Duo, Mail, Ann) = (gateway, scripted.Duo, scripted.Mail, ann);

    public GatewayFixture Gateway { get; }

    public ScriptedPrompt Duo { get; }

    public ScriptedPrompt Mail { get; }

    public TestPerson Ann { get; }

    public RepositoryPath Core { get; private set; } = null!;

    public Prompter Prompter => Gateway.Get<Prompter>();

    public static async Task<PromptStory> StartAsync(string policy = Basic, Dictionary<string, string?>? settings = null)
    {
        var scripted = new Scripted();
        var gateway = await GatewayFixture.StartAsync(policy, settings, scripted.Replace);
        var ann = await gateway.AddPersonAsync();
        await GiveAsync(gateway, ann);
        return new(gateway, scripted, ann) { Core = await gateway.AddRepositoryAsync() };
    }

    /// <summary>Sets both kinds up for somebody.</summary>
    public static async Task GiveAsync(GatewayFixture gateway, TestPerson person)
    {
        await using var database = await gateway.Get<IDbContextFactory<GatewayDbContext>>().CreateDbContextAsync(TestContext.Current.CancellationToken);
        database.Add(new DuoAccountRow { Id = person.Id.Value, PersonId = person.Id.Value, UserName = person.Name, Name = "iPhone", CreatedAt = gateway.Clock.Now });
        await database.SaveChangesAsync(TestContext.Current.CancellationToken);
        await database.Users.Where(row => row.Id == person.Id.Value)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.EmailApprovalSince, gateway.Clock.Now), TestContext.Current.CancellationToken);
    }

    public async Task TakeDuoAsync()
    {
        await using var database = await Gateway.Get<IDbContextFactory<GatewayDbContext>>().CreateDbContextAsync(TestContext.Current.CancellationToken);
        await database.Set<DuoAccountRow>().ExecuteDeleteAsync(TestContext.Current.CancellationToken);
    }

    public async Task OrderAsync(params FactorKind[] order) =>
        Assert.Null((await Gateway.Get<IFactorOrders>().SetAsync(Ann.Id, order, "ann", TestContext.Current.CancellationToken)).Refusal);

    /// <summary>Completes when somebody's turn of half a minute begins.</summary>
    public Task TurnAsync() => Gateway.Clock.WhenArmedAsync(Prompter.Beside - TimeSpan.FromMilliseconds(1), Prompter.Beside);

    /// <summary>A request of its own, asked about as if a command waited for it.</summary>
    public async Task<Challenge> BeginAsync(TestPerson? person = null, FactorRequirement? requirement = null)
    {
        var challenge = await OpenAsync(person, requirement);
        Prompter.Begin(challenge);
        return challenge;
    }

    public async Task<Challenge> OpenAsync(TestPerson? person = null, FactorRequirement? requirement = null)
    {
        person ??= Ann;
        Assert.True(RepositoryPath.TryParse("ACME/core", out var repository));
        var request = new CommandRequest(
            person.Id, person.Name, new(RandomNumberGenerator.GetHexString(16), "laptop"), new GitCommand(GitService.UploadPack, repository),
            new ClientAddress(IPAddress.Parse("203.0.113.7")), null, "git/2.47.3");
        var opened = await Gateway.Get<ChallengeOpenings>().OpenAsync(
            request, new(requirement ?? new() { Strength = Strength.Basic }, new()) { Reason = new(ReasonCode.SecondFactorOwed) });
        return opened.Challenge ?? throw new InvalidOperationException(opened.Refused.ToString());
    }

    public ChallengeState StateOf(Challenge challenge) => Gateway.Get<ChallengeReader>().Find(challenge.Id)!.State;

    /// <summary>Waits until the request is settled.</summary>
    public Task<Challenge> SettledAsync(Challenge challenge) => Ann.NextAsync(change => change.Id == challenge.Id && change.State is not ChallengeState.Pending);

    /// <summary>Nobody is being asked any more; what ends a round comes just after what settles its request.</summary>
    public void AssertNobodyIsAsked() => Assert.True(SpinWait.SpinUntil(() => Prompter.Asking == 0, TimeSpan.FromSeconds(10)));

    public async Task<int> CountAsync(string type) => (await Gateway.AuditAsync()).Count(record => record.Event.Type == type);

    public async ValueTask DisposeAsync()
    {
        await Gateway.AssertInvariantsAsync();
        await Gateway.DisposeAsync();
    }

    /// <summary>The two, in the place of whatever the gateway has.</summary>
    internal sealed record Scripted
    {
        public ScriptedPrompt Duo { get; } = new(FactorKind.DuoPush);

        public ScriptedPrompt Mail { get; } = new(FactorKind.EmailApproval);

        public void Replace(IServiceCollection services)
        {
            services.RemoveAll<IPrompt>();
            services.AddSingleton<IPrompt>(Duo);
            services.AddSingleton<IPrompt>(Mail);
            services.AddSingleton(Options.Create(new EmailApprovalOptions { Enabled = true })); // else email is nobody's factor
        }
    }
}
