using Countersign.Server.People;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Identity.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;

namespace Countersign.Server.Storage;

/// <summary>
/// The slow half of the gateway's memory, <c>countersign.db</c>: people, what they hold, workspaces and repositories. What
/// is spent once or counted lives in the ledger.
/// </summary>
internal sealed class GatewayDbContext(DbContextOptions<GatewayDbContext> options) : IdentityUserContext<Person, Guid>(options)
{
    public DbSet<AccessTokenRow> AccessTokens => Set<AccessTokenRow>();

    public DbSet<SshKeyRow> SshKeys => Set<SshKeyRow>();

    public DbSet<SessionRow> Sessions => Set<SessionRow>();

    public DbSet<WorkspaceRow> Workspaces => Set<WorkspaceRow>();

    public DbSet<MembershipRow> Memberships => Set<MembershipRow>();

    public DbSet<RepositoryRow> Repositories => Set<RepositoryRow>();

    public DbSet<UpstreamRow> Upstreams => Set<UpstreamRow>();

    public DbSet<UpstreamTokenRow> UpstreamTokens => Set<UpstreamTokenRow>();

    public DbSet<TotpRow> TotpAuthenticators => Set<TotpRow>();

    public DbSet<RecoveryCodeRow> RecoveryCodes => Set<RecoveryCodeRow>();

    public DbSet<DuoAccountRow> DuoAccounts => Set<DuoAccountRow>();

    public DbSet<PasskeyFacts> PasskeyFacts => Set<PasskeyFacts>();

    public DbSet<NoticeRow> Notices => Set<NoticeRow>();

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        // SQLite orders neither offsets nor enum numbers that move: instants are Unix milliseconds, enums their names.
        configurationBuilder.Properties<DateTimeOffset>().HaveConversion<InstantConverter>();
        configurationBuilder.Properties<Core.Policies.Mode>().HaveConversion<string>();
        configurationBuilder.Properties<Core.Policies.RepositoryKind>().HaveConversion<string>();
        configurationBuilder.Properties<Core.Identities.Role>().HaveConversion<string>();
    }

    protected override void OnModelCreating(ModelBuilder builder)
    {
        base.OnModelCreating(builder);
        builder.Entity<Person>().Ignore(person => person.PrincipalId);
        builder.Entity<AccessTokenRow>(token =>
        {
            token.HasIndex(row => row.Hash).IsUnique();
            token.HasOne<Person>().WithMany().HasForeignKey(row => row.OwnerId);
        });
        builder.Entity<SshKeyRow>(key =>
        {
            key.HasIndex(row => row.Hash).IsUnique();
            key.HasOne<Person>().WithMany().HasForeignKey(row => row.OwnerId);
        });
        builder.Entity<SessionRow>(session =>
        {
            session.HasIndex(row => row.Hash).IsUnique();
            session.HasOne<Person>().WithMany().HasForeignKey(row => row.PersonId);
        });
        BuildWorkspaces(builder);
        BuildFactors(builder);
        builder.Entity<NoticeRow>().HasOne<Person>().WithMany().HasForeignKey(row => row.PersonId);
    }

    private static void BuildWorkspaces(ModelBuilder builder)
    {
        builder.Entity<UpstreamRow>().HasKey(row => row.Name);
        builder.Entity<UpstreamTokenRow>(token =>
        {
            token.HasKey(row => new { row.PersonId, row.UpstreamName });
            token.HasOne<Person>().WithMany().HasForeignKey(row => row.PersonId);
            token.HasOne<UpstreamRow>().WithMany().HasForeignKey(row => row.UpstreamName); // a host that goes takes them along
        });
        builder.Entity<WorkspaceRow>().HasKey(row => row.Key);
        builder.Entity<MembershipRow>(membership =>
        {
            membership.HasKey(row => new { row.WorkspaceKey, row.PersonId });
            membership.HasOne<WorkspaceRow>().WithMany().HasForeignKey(row => row.WorkspaceKey);
            membership.HasOne<Person>().WithMany().HasForeignKey(row => row.PersonId);
        });
        builder.Entity<RepositoryRow>(repository =>
        {
            repository.HasKey(row => new { row.WorkspaceKey, row.Name });
            repository.HasOne<WorkspaceRow>().WithMany().HasForeignKey(row => row.WorkspaceKey);
        });
    }

    private static void BuildFactors(ModelBuilder builder)
    {
        builder.Entity<TotpRow>(totp =>
        {
            totp.ToTable("TotpAuthenticators");
            totp.HasOne<Person>().WithMany().HasForeignKey(row => row.PersonId);
        });
        builder.Entity<DuoAccountRow>(account =>
        {
            account.HasIndex(row => row.PersonId).IsUnique();
            account.HasIndex(row => row.UserName).IsUnique(); // one account at Duo is one person's
            account.HasOne<Person>().WithMany().HasForeignKey(row => row.PersonId);
        });
        builder.Entity<RecoveryCodeRow>(code =>
        {
            code.HasIndex(row => new { row.PersonId, row.Hash }).IsUnique();
            code.HasOne<Person>().WithMany().HasForeignKey(row => row.PersonId);
        });
        builder.Entity<PasskeyFacts>(passkey =>
        {
            passkey.HasOne<Person>().WithMany().HasForeignKey(row => row.PersonId);
            passkey.HasIndex(row => row.CredentialId).IsUnique();
            passkey.HasOne<IdentityUserPasskey<Guid>>().WithOne().HasForeignKey<PasskeyFacts>(row => row.CredentialId);
        });
    }
}
