using System.Net;
using System.Security.Cryptography;
using System.Text;
using Countersign.Core.Challenges;
using Countersign.Core.Git;
using Countersign.Core.Identities;
using Countersign.Core.Policies;
using Countersign.Server.Enforcement;
using Countersign.Server.Tests.Fixtures;

namespace Countersign.Server.Tests.Browser;

/// <summary>Requests in every state, made at the register itself: the pages show what is stored, whoever stored it.</summary>
internal sealed class Gallery(GatewayFixture gateway, TestPerson person)
{
    private const string LongName = "a-repository-with-a-rather-long-name-that-somebody-once-thought-was-a-good-idea.and-nobody-renamed";

    private static ObjectId Zero => Parsed(new string('0', 40));

    public static IReadOnlyList<RefUpdate> OneRef => [Update("refs/heads/main", 3)];

    public static IReadOnlyList<RefUpdate> FortyRefs =>
    [
        .. Enumerable.Range(1, 36).Select(number => Update($"refs/heads/topic/{number:00}-some-work", number)),
        Update("refs/heads/main", 2) with { Forced = true },
        Update("refs/heads/feature/a-branch-name-that-goes-on-and-on/because-a-tool-made-it/with-the-ticket-and-its-whole-title", 1),
        Update("refs/tags/v1.4.0", 0) with { Old = Zero },
        Update("refs/heads/old-idea", 0) with { New = Zero },
    ];

    public static CommandRequestDetails Fetch => new(GitService.UploadPack, "ACME/core", [], false);

    public static CommandRequestDetails Push(IReadOnlyList<RefUpdate> updates) => new(GitService.ReceivePack, "ACME/core", updates, false);

    public static CommandRequestDetails LongNames => new(GitService.UploadPack, $"ACME/{LongName}", [], false);

    public async Task<Challenge> OpenAsync(CommandRequestDetails details)
    {
        Assert.True(RepositoryPath.TryParse(details.Repository, out var repository));
        var token = new CommandToken(ChallengeId.From(RandomNumberGenerator.GetBytes(16)), "42");
        var request = new CommandRequest(
            person.Id, person.Name, new(RandomNumberGenerator.GetHexString(16), "work laptop"), new GitCommand(details.Service, repository) { Updates = details.Updates },
            new ClientAddress(IPAddress.Parse("203.0.113.7")), token, "git/2.47.3");
        var opened = await gateway.Get<ChallengeOpenings>().OpenAsync(
            request, new(new FactorRequirement { Number = details.Number }, new()) { Reason = new(ReasonCode.SecondFactorOwed) });
        return opened.Challenge ?? throw new InvalidOperationException(opened.Refused.ToString());
    }

    public async Task<Challenge> SettledAsync(Func<Challenge, ChallengeEvent> @event, CommandRequestDetails? details = null)
    {
        var challenge = await OpenAsync(details ?? Push(OneRef));
        var settled = await gateway.Get<ChallengeRegister>().SettleAsync(challenge.Id, @event(challenge), person.Name);
        return settled!.Value.After;
    }

    public static ChallengeEvent Approved(Challenge challenge) =>
        new ChallengeEvent.Proven(new(challenge.Id, FactorKind.Totp, Strength.Strong, "Authenticator app"));

    private static RefUpdate Update(string name, int commits) =>
        RefName.TryParse(name, out var parsed) ? new(Id(name), Id(name + commits), parsed) { Commits = commits } : throw new ArgumentException(name, nameof(name));

    private static ObjectId Id(string text) => Parsed(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..40]);

    private static ObjectId Parsed(string hex) => ObjectId.TryParse(hex, out var id) ? id : throw new ArgumentException(hex, nameof(hex));
}

internal sealed record CommandRequestDetails(GitService Service, string Repository, IReadOnlyList<RefUpdate> Updates, bool Number);
