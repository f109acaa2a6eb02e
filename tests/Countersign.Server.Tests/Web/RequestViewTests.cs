using System.Net;
using Countersign.Core.Challenges;
using Countersign.Core.Git;
using Countersign.Core.Identities;
using Countersign.Server.Web.Views;

namespace Countersign.Server.Tests.Web;

public sealed class RequestViewTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void What_loses_something_comes_first_whatever_order_the_client_chose()
    {
        var rows = RefRow.InOrderOfDanger(
        [
            Update("refs/heads/a", 1, 2), Update("refs/heads/b", 1, 2) with { Forced = true }, Update("refs/tags/v1", 0, 2), Update("refs/heads/c", 1, 0),
        ]);

        Assert.Equal(["c", "b", "a", "v1"], rows.Select(row => row.Name));
        Assert.Equal(["deleted", "forced", "may be forced", "new"], rows.Select(row => row.Mark));
        Assert.Equal("4 refs: 1 deleted, 1 forced, 1 may be forced", RefRow.Summary(rows));
    }

    [Fact]
    public void A_dangerous_ref_cannot_hide_behind_many_harmless_ones()
    {
        var updates = Enumerable.Range(0, 40).Select(index => Update($"refs/heads/part-{index}", 1, 2)).Append(Update("refs/heads/main", 1, 0));

        Assert.True(RefRow.InOrderOfDanger(updates)[0].Deletes);
    }

    [Fact]
    public void A_ref_name_cannot_pose_as_another()
    {
        Assert.True(RefName.TryParse("refs/heads/ma\u202Enmi", out var name));

        Assert.Equal("ma<U+202E>nmi", new RefRow(Update("refs/heads/x", 1, 2) with { Name = name }).Name);
    }

    [Fact]
    public void The_operation_is_said_in_words()
    {
        Assert.Equal("Push to ACME/core", View(GitService.ReceivePack).Operation);
        Assert.Equal("Fetch from ACME/core", View(GitService.UploadPack).Operation);
        Assert.Equal("Git says which refs only after this approval.", View(GitService.ReceivePack).Note);
        Assert.Equal("AS", View(GitService.UploadPack).Initials);
    }

    [Fact]
    public void The_time_left_never_falls_below_nothing()
    {
        var late = View(GitService.UploadPack) with { Now = Now.AddHours(1) };

        Assert.Equal(0, late.SecondsLeft);
        Assert.Equal("0 s left", late.LeftInWords);
    }

    [Fact]
    public void A_code_is_not_offered_where_the_rule_asks_for_a_passkey()
    {
        var person = new Principal(default, "ann") { Factors = new HashSet<FactorKind> { FactorKind.WebAuthn, FactorKind.Totp } };

        var strict = new Proofs(new() { Strength = Strength.PhishingResistant }, person);
        Assert.True(strict is { Passkey: true, AuthenticatorApp: false, RecoveryCode: false });
        Assert.True(new Proofs(new(), person) is { Passkey: true, AuthenticatorApp: true, RecoveryCode: true });
        Assert.True(new Proofs(new(), new(default, "bob")) is { Passkey: false, AuthenticatorApp: false, RecoveryCode: false });
    }

    [Theory]
    [InlineData(0, "just now")]
    [InlineData(89, "89 s ago")]
    [InlineData(600, "10 min ago")]
    [InlineData(7200, "2 h ago")]
    [InlineData(-600, "in 10 min")]
    public void Times_are_said_as_people_say_them(int secondsAgo, string words) => Assert.Equal(words, When.InWords(Now.AddSeconds(-secondsAgo), Now));

    [Theory]
    [InlineData("t", true)]
    [InlineData("ssh-0123456789abcdef0123456789abcdef", false)]
    public void Only_a_command_over_HTTPS_is_run_again_after_a_late_approval(string credential, bool again)
    {
        var view = View(GitService.ReceivePack);
        Assert.Equal(again, (view with { Challenge = view.Challenge with { Credential = new(credential, "laptop") } }).MayOutliveCommand);
    }

    private static RequestView View(GitService service)
    {
        Assert.True(RepositoryPath.TryParse("acme/core", out var repository));
        return new(
            new()
            {
                Id = ChallengeId.From(new byte[16]),
                PrincipalId = default,
                PrincipalName = "ann.smith",
                Credential = new("t", "laptop"),
                Command = new(service, repository),
                Client = new(IPAddress.Loopback),
                UserAgent = "",
                Requirement = new(),
                Terms = new(),
                Number = "42",
                Digest = "",
                CreatedAt = Now,
                ExpiresAt = Now.AddMinutes(5),
            },
            Now);
    }

    private static RefUpdate Update(string name, int old, int @new)
    {
        Assert.True(RefName.TryParse(name, out var parsed));
        return new(Id(old), Id(@new), parsed);
    }

    private static ObjectId Id(int digit)
    {
        Assert.True(ObjectId.TryParse(new string((char)('0' + digit), 40), out var id));
        return id;
    }
}
