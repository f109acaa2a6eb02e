using Countersign.Core.Challenges;
using Countersign.Core.Git;
using Countersign.Server.Tests.Api;
using Countersign.Server.Tests.Fakes;
using Countersign.Server.Tests.Fixtures;

namespace Countersign.Server.Tests.Regressions;

/// <summary>A gateway with ACME/core and ACME/web, and ann with a passkey, signed in by a program.</summary>
internal sealed class Story : IAsyncDisposable
{
    private Story(GatewayFixture gateway, TestPerson ann, Visitor owner, SoftwareAuthenticator key) => (Gateway, Ann, Owner, Key) = (gateway, ann, owner, key);

    public GatewayFixture Gateway { get; }

    public TestPerson Ann { get; }

    public Visitor Owner { get; }

    public SoftwareAuthenticator Key { get; }

    public static async Task<Story> StartAsync(string? policy = null)
    {
        var gateway = await GatewayFixture.StartAsync(policy);
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        await gateway.AddRepositoryAsync("web");
        var (owner, key) = await Visitor.WithPasskeyAsync(gateway, ann);
        return new(gateway, ann, owner, key);
    }

    /// <summary>A new session in place of one that has grown old.</summary>
    public async Task RenewAsync()
    {
        Owner.Token = null;
        Owner.Token = (await Owner.SignInAsync(Ann, Ann.FreshCode())).Json.GetProperty("token").GetString();
    }

    /// <summary>A fetch that is held now, and its answer to come.</summary>
    public async Task<(Challenge Request, Task<Answer> Fetch)> HoldAsync(string repository = "ACME/core")
    {
        var fetch = Owner.FetchAsync(Ann, repository);
        return (await Ann.NextRequestAsync(), fetch);
    }

    public static RepositoryPath Core =>
        RepositoryPath.TryParse("ACME/core", out var core) ? core : throw new InvalidOperationException();

    public async ValueTask DisposeAsync()
    {
        Owner.Dispose();
        Key.Dispose();
        await Gateway.DisposeAsync();
    }
}
