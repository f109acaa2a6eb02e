using Countersign.Core.Challenges;
using Countersign.Core.Identities;
using Countersign.Core.Git;
using Countersign.Core.Policies;
using Countersign.Server.Enforcement;
using Countersign.Server.People;
using Countersign.Server.Tests.Fixtures;

namespace Countersign.Server.Tests.SshKeys;

/// <summary>One command over SSH as the enforcement point sees it, without sshd: what becomes of it is noted.</summary>
internal sealed class SshExchange(CommandRequest request) : IGitExchange
{
    public CommandRequest Request => request;

    public ExchangePhase Phase => ExchangePhase.Transfer;

    public TimeSpan HoldTime => TimeSpan.FromMinutes(5);

    public TimeSpan? KeepAliveEvery => null;

    public Challenge? Asked { get; private set; }

    public bool Forwarded { get; private set; }

    public ReasonCode? Refused { get; private set; }

    /// <param name="owner">Whose.</param>
    /// <param name="key">With which key.</param>
    /// <param name="handshake">What it proved; null for other keys.</param>
    /// <param name="branch">Pushed to ACME/core; null fetches.</param>
    public static SshExchange Of(TestPerson owner, SshKeySummary key, SshHandshake? handshake, string? branch = null)
    {
        Assert.True(RepositoryPath.TryParse("ACME/core", out var repository));
        var command = new GitCommand(branch is null ? GitService.UploadPack : GitService.ReceivePack, repository);
        if (branch is not null)
        {
            Assert.True(RefName.TryParse($"refs/heads/{branch}", out var name));
            Assert.True(ObjectId.TryParse(new string('0', 40), out var nothing));
            Assert.True(ObjectId.TryParse(new string('a', 40), out var commit));
            command = command with { Updates = [new(nothing, commit, name)] };
        }

        var client = new ClientAddress(System.Net.IPAddress.Parse("192.0.2.7"));
        return new(new(owner.Id, owner.Name, new(key.Id, key.Label), command, client, null, "ssh") { Handshake = handshake });
    }

    public ValueTask TellAsync(Challenge challenge, CancellationToken cancellation)
    {
        Asked = challenge;
        return ValueTask.CompletedTask;
    }

    public ValueTask KeepAliveAsync(CancellationToken cancellation) => ValueTask.CompletedTask;

    public Task<bool> InspectAsync(IUpstream upstream, CancellationToken cancellation) => Task.FromResult(true);

    public Task RefuseAsync(Refused refused, CancellationToken cancellation)
    {
        Refused = refused.Reason.Code;
        return Task.CompletedTask;
    }

    public Task<ForwardOutcome> ForwardAsync(IUpstream upstream, CancellationToken cancellation)
    {
        Forwarded = true;
        return Task.FromResult(new ForwardOutcome(true, 0, 0, "ok"));
    }
}
