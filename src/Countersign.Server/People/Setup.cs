using System.Security.Cryptography;
using Countersign.Core.Git;
using Countersign.Server.Audit;

namespace Countersign.Server.People;

/// <summary>The link lives in memory, as a hash: each start of the gateway prints a new one, and an old print-out is worth nothing.</summary>
internal sealed class Setup(IPeople people, IWorkspaces workspaces, Repositories repositories, AuditTrail audit, TimeProvider clock) : ISetup, IDisposable
{
    public const string Workspace = "DEMO";
    private const string Sample = Workspace + "/hello";
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(30);
    private readonly SemaphoreSlim completing = new(1, 1);
    private volatile Link? issued;

    public async Task<string?> IssueLinkAsync(CancellationToken cancellation)
    {
        await completing.WaitAsync(cancellation);
        try
        {
            if (await people.AnyAsync(cancellation))
            {
                issued = null;
                return null;
            }

            var secret = StoredSecret.Random256();
            await audit.RecordAsync(AuditTypes.SetupLinkIssued, "system");
            issued = new(StoredSecret.Hash(secret), clock.GetUtcNow() + Lifetime);
            return secret;
        }
        finally
        {
            completing.Release();
        }
    }

    public bool IsValid(string secret) =>
        issued is { } link && clock.GetUtcNow() < link.ExpiresAt && CryptographicOperations.FixedTimeEquals(StoredSecret.Hash(secret), link.Hash);

    public async Task<Result<SessionStart>> CompleteAsync(string secret, string name, string email, string password, CancellationToken cancellation)
    {
        await completing.WaitAsync(cancellation);
        try
        {
            if (!IsValid(secret) || await people.AnyAsync(cancellation))
            {
                return new Refusal("link_spent", "This set-up link was used or is too old. Start the gateway again for a new one.");
            }

            // A mistyped field is refused here and leaves the link as it was.
            var added = await people.AddAsync(name, email, password, administrator: true, "set-up link", cancellation);
            if (added is not { Value: { } owner })
            {
                return added.Refusal!;
            }

            issued = null;
            return await MakeFirstWorkspaceAsync(owner) ?? (Result<SessionStart>)new SessionStart(owner.Id, owner.Name, SecondFactorPassed: false, MustSetUpFactor: true);
        }
        finally
        {
            completing.Release();
        }
    }

    public void Dispose() => completing.Dispose();

    private async Task<Result<SessionStart>?> MakeFirstWorkspaceAsync(PersonSummary owner)
    {
        var workspace = await workspaces.AddAsync(Workspace, null, owner.Id, owner.Name, CancellationToken.None);
        if (workspace.Refusal is { } refusal)
        {
            return refusal;
        }

        var sample = RepositoryPath.TryParse(Sample, out var path)
            ? await repositories.AddSampleAsync(path, owner.Name, CancellationToken.None)
            : throw new InvalidOperationException("The sample repository has no canonical name.");
        if (sample.Refusal is { } failed)
        {
            return failed;
        }

        await audit.RecordAsync(AuditTypes.SetupCompleted, owner.Name, ("person_id", owner.Id.ToString()));
        return null;
    }

    private sealed record Link(byte[] Hash, DateTimeOffset ExpiresAt);
}
