using Countersign.Core.Challenges;
using Countersign.Core.Git;
using Countersign.Core.Identities;
using Countersign.Core.Policies;
using Countersign.Server.People;
using Countersign.Server.Tests.Fixtures;
using Countersign.Server.Transports.Ssh;
using Countersign.Server.Upstreams;
using static Microsoft.Playwright.Assertions;

namespace Countersign.Server.Tests.Browser;

/// <summary>
/// Every page in every state is audited. To look at them all: COUNTERSIGN_SCREENSHOTS=TestResults/screenshots before the test
/// program, and each is also kept as a picture, phone and desk, light and dark.
/// </summary>
[Collection(BrowserCollection.Name)]
[Trait("Category", "browser")]
public sealed class EveryPageStories(BrowserFixture browser)
{
    private readonly Inspection pages = new();

    [Fact]
    public async Task Set_up_is_sound_from_the_link_to_the_first_request()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        await using var visit = await browser.VisitAsync(gateway);
        await visit.AddAuthenticatorAsync();
        await pages.LookAsync(visit, "setup-bad-link", "/setup?link=wrong");
        var link = await gateway.Get<ISetup>().IssueLinkAsync(TestContext.Current.CancellationToken);
        await pages.LookAsync(visit, "setup-account", $"/setup?link={link}");
        await visit.FillAsync("name", ".ann");
        await visit.FillAsync("email", "ann@example.org");
        await visit.FillAsync("password", TestPerson.Password);
        await visit.SubmitAsync("make-account");
        await pages.LookAsync(visit, "setup-refused-name");
        await visit.FillAsync("name", "ann");
        await visit.FillAsync("password", TestPerson.Password);
        await visit.SubmitAsync("make-account");
        await visit.AtAsync("/two-step");
        await pages.LookAsync(visit, "setup-two-step");
        await visit.SubmitAsync("add-app");
        await pages.LookAsync(visit, "setup-app");
        await visit.GoAsync("/two-step");
        await visit.FillAsync("passkey-name", "My laptop");
        await visit.ClickAsync("add-passkey");
        await Expect(visit.The("recovery-codes")).ToBeVisibleAsync();
        await pages.LookAsync(visit, "setup-recovery-codes");
        await visit.The("saved").CheckAsync();
        ServeSsh(gateway);
        await visit.SubmitAsync("codes-saved");
        await visit.AtAsync("/ready");
        await pages.LookAsync(visit, "setup-ready");
        await visit.Page.Locator("details summary").ClickAsync();
        await pages.LookAsync(visit, "setup-ready-ssh");
        await pages.LookAsync(visit, "requests-first-time", "/");
        await pages.LookAsync(visit, "setup-used-link", $"/setup?link={link}");
        pages.AssertSound();
    }

    [Fact]
    public async Task Sign_in_and_what_goes_wrong_there_are_sound()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        await using var visit = await browser.VisitAsync(gateway);
        visit.Expects("status of 404");
        await visit.AddAuthenticatorAsync();
        await pages.LookAsync(visit, "sign-in", "/sign-in");
        await visit.FillAsync("name", "ann");
        await visit.FillAsync("password", "not the password");
        await visit.SubmitAsync("sign-in-password");
        await pages.LookAsync(visit, "sign-in-refused");
        await visit.FillAsync("password", TestPerson.Password);
        await visit.SubmitAsync("sign-in-password");
        await pages.LookAsync(visit, "sign-in-code");
        await visit.SubmitAsync("use-recovery");
        await pages.LookAsync(visit, "sign-in-recovery-code");
        await visit.SignInAsync(ann, steppedUp: false);
        await pages.LookAsync(visit, "step-up-code", "/security/token");
        await visit.SignInAsync(ann);
        await visit.AddPasskeyAsync("My laptop");
        await visit.SignInAsync(ann, steppedUp: false);
        await pages.LookAsync(visit, "step-up-passkey", "/security/token");
        await pages.LookAsync(visit, "nothing-here", "/nothing");
        pages.AssertSound();
    }

    [Fact]
    public async Task Requests_are_sound_in_every_state()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        var gallery = new Gallery(gateway, ann);
        await using var visit = await browser.VisitAsync(gateway);
        visit.Expects("status of 404");
        await visit.AddAuthenticatorAsync();
        await visit.SignInAsync(ann);
        await pages.LookAsync(visit, "requests-empty", "/");

        var fetch = await gallery.OpenAsync(Gallery.Fetch);
        await pages.LookAsync(visit, "approve-code", $"/a/{fetch.Id}");
        await visit.AddPasskeyAsync("My laptop");
        await pages.LookAsync(visit, "approve-passkey", $"/a/{fetch.Id}");
        await visit.ClickAsync("other-app");
        await pages.LookAsync(visit, "approve-other-way");
        gateway.Clock.Advance(TimeSpan.FromSeconds(100));
        var push = await gallery.OpenAsync(Gallery.Push(Gallery.OneRef));
        await pages.LookAsync(visit, "approve-push", $"/a/{push.Id}");
        var number = await gallery.OpenAsync(Gallery.Push(Gallery.OneRef) with { Number = true });
        await pages.LookAsync(visit, "approve-number", $"/a/{number.Id}");
        await visit.FillAsync("number", "11");
        await visit.ClickAsync("approve-passkey");
        await Expect(visit.The("trouble")).ToBeVisibleAsync();
        await pages.LookAsync(visit, "approve-wrong-number");
        var many = await gallery.OpenAsync(Gallery.Push(Gallery.FortyRefs));
        await pages.LookAsync(visit, "approve-forty-refs", $"/a/{many.Id}");
        await visit.Page.Locator(".refs summary").ClickAsync();
        await pages.LookAsync(visit, "approve-forty-refs-open");
        var names = await gallery.OpenAsync(Gallery.LongNames);
        await pages.LookAsync(visit, "approve-long-names", $"/a/{names.Id}");
        await pages.LookAsync(visit, "report", $"/a/{push.Id}/report");
        await pages.LookAsync(visit, "no-such-request", "/a/WDJB-MJHT");
        await pages.LookAsync(visit, "requests-waiting", "/");

        var settled = new Dictionary<string, Challenge>
        {
            ["approved"] = await gallery.SettledAsync(Gallery.Approved, Gallery.LongNames),
            ["denied"] = await gallery.SettledAsync(_ => new ChallengeEvent.Declined(false), Gallery.Push(Gallery.FortyRefs)),
            ["reported"] = await gallery.SettledAsync(_ => new ChallengeEvent.Declined(true)),
            ["superseded"] = await gallery.SettledAsync(_ => new ChallengeEvent.Cancelled(CancelCause.Superseded)),
            ["client-left"] = await gallery.SettledAsync(_ => new ChallengeEvent.Cancelled(CancelCause.ClientLeft)),
            ["access-ended"] = await gallery.SettledAsync(_ => new ChallengeEvent.Cancelled(CancelCause.AccessEnded)),
        };
        foreach (var (state, challenge) in settled)
        {
            await pages.LookAsync(visit, $"settled-{state}", $"/a/{challenge.Id}");
        }

        gateway.Clock.Advance(TimeSpan.FromMinutes(6));
        await pages.LookAsync(visit, "settled-expired", $"/a/{fetch.Id}");
        await pages.LookAsync(visit, "requests-settled", "/");
        pages.AssertSound();
    }

    [Fact]
    public async Task The_pages_of_a_person_are_sound()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        var dora = await gateway.AddPersonAsync("dora", Role.None);
        var cancellation = TestContext.Current.CancellationToken;
        await using var visit = await browser.VisitAsync(gateway);
        await visit.AddAuthenticatorAsync();
        await visit.SignInAsync(dora);
        await pages.LookAsync(visit, "repositories-none", "/repositories");
        await pages.LookAsync(visit, "workspaces-none", "/workspaces");
        await gateway.Get<IWorkspaces>().AddMemberAsync("ACME", "dora", Role.Write, accepted: false, "ann", cancellation);
        await pages.LookAsync(visit, "workspaces-invited", "/workspaces");
        await pages.LookAsync(visit, "invitation", "/workspaces/ACME/invitation");
        foreach (var token in await gateway.Get<IAccessTokens>().ListAsync(dora.Id, cancellation))
        {
            await gateway.Get<IAccessTokens>().RevokeAsync(dora.Id, token.Id, "dora", cancellation);
        }

        await pages.LookAsync(visit, "security-little", "/security");

        await gateway.AddRepositoryAsync();
        await gateway.AddRepositoryAsync("a-repository-with-a-rather-long-name-that-somebody-once-thought-was-a-good-idea");
        await gateway.AddRepositoryAsync("site", isPublic: true);
        await visit.SignInAsync(ann);
        await visit.AddPasskeyAsync("Ann's laptop, the one in the office on the second floor");
        await gateway.Get<IAccessTokens>().AddAsync(ann.Id, "build server of the platform team, second rack", 90, "ann", cancellation);
        await visit.SignInAsync(ann);
        await pages.LookAsync(visit, "security", "/security");
        await visit.SubmitAsync("dismiss-all");
        await pages.LookAsync(visit, "security-read");
        await visit.The("passkey").GetByRole(Microsoft.Playwright.AriaRole.Link).ClickAsync();
        await Expect(visit.The("rename-factor")).ToBeVisibleAsync();
        await pages.LookAsync(visit, "factor");
        await pages.LookAsync(visit, "add-factor", "/two-step");
        await pages.LookAsync(visit, "token-new", "/security/token");
        await visit.FillAsync("token-label", "Build server");
        await visit.SubmitAsync("make-token");
        await pages.LookAsync(visit, "token-made");
        await pages.LookAsync(visit, "codes-new", "/security/recovery-codes");
        await visit.SubmitAsync("make-codes");
        await pages.LookAsync(visit, "codes-made");
        await pages.LookAsync(visit, "repositories", "/repositories");
        await pages.LookAsync(visit, "repositories-nothing-found", "/repositories?q=nothing");
        await pages.LookAsync(visit, "workspaces", "/workspaces");
        await pages.LookAsync(visit, "workspace-member", "/workspaces/ACME");
        pages.AssertSound();
    }

    [Fact]
    public async Task The_pages_of_SSH_keys_and_of_tokens_for_Git_hosts_are_sound()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        var cancellation = TestContext.Current.CancellationToken;
        await using var visit = await browser.VisitAsync(gateway);
        await visit.SignInAsync(ann);
        await pages.LookAsync(visit, "ssh-key-new", "/security/ssh-key");
        await visit.FillAsync("ssh-key", "-----BEGIN OPENSSH PRIVATE KEY-----\nsecret canary\n-----END OPENSSH PRIVATE KEY-----");
        await visit.SubmitAsync("add-ssh-key");
        await pages.LookAsync(visit, "ssh-key-private");
        await visit.SeesAsync("consider it exposed");
        Assert.DoesNotContain("secret canary", await visit.Page.ContentAsync(), StringComparison.Ordinal);
        await visit.Page.Locator("details summary").ClickAsync();
        await pages.LookAsync(visit, "ssh-key-attesting");
        var download = visit.Page.WaitForDownloadAsync();
        await visit.ClickAsync("ssh-key-challenge");
        Assert.Equal(44, new FileInfo(await (await download).PathAsync()).Length);

        await visit.FillAsync("ssh-key", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGWr4X0xE5kadfBgkwIfxChtQjcq5WMh2RMAhYGIPFId ann@laptop");
        await visit.SubmitAsync("add-ssh-key");
        await visit.AtAsync("/security");
        await visit.SeesAsync("The SSH key is added.");
        await gateway.Get<ISshKeys>().AddAsync(
            ann.Id, "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIGWr4X0xE5kadfBgkwIfxChtQjcq5WMh2RMAhYGIPFIdAAAABHNzaDo=",
            "The security key on the ring, the blue one with the scratches", 30, "ann", cancellation);
        var (exit, _, error) = await Cli.CommandLineTests.RunAsync(
            [.. "upstream add board --kind smart-http --base https://board.example.org --credentials passed --workspace none --identity name --data".Split(' '), gateway.Options.Data]);
        Assert.True(exit == 0, error);
        await pages.LookAsync(visit, "security-ssh-keys-off", "/security");
        await gateway.AddRepositoryAsync();
        ServeSsh(gateway);
        await pages.LookAsync(visit, "repositories-ssh", "/repositories");
        await pages.LookAsync(visit, "requests-empty-ssh", "/");
        await pages.LookAsync(visit, "token-new-ssh", "/security/token");
        await pages.LookAsync(visit, "security-ssh-keys", "/security");
        await visit.ClickAsync("host-token-board");
        await visit.AtAsync("/security/host/board");
        await pages.LookAsync(visit, "host-token");
        await visit.FillAsync("host-user", "bob");
        await visit.FillAsync("host-token", "token canary");
        await visit.SubmitAsync("save-host-token");
        await pages.LookAsync(visit, "host-token-refused");
        Assert.DoesNotContain("token canary", await visit.Page.ContentAsync(), StringComparison.Ordinal);
        await visit.FillAsync("host-user", "ann");
        await visit.FillAsync("host-token", "token canary");
        await visit.SubmitAsync("save-host-token");
        await visit.AtAsync("/security");
        await pages.LookAsync(visit, "security-host-token-kept");
        await visit.The("ssh-key-row").First.GetByRole(Microsoft.Playwright.AriaRole.Link).ClickAsync();
        await Expect(visit.The("remove-ssh-key")).ToBeVisibleAsync();
        await pages.LookAsync(visit, "ssh-key");
        await visit.SubmitAsync("remove-ssh-key");
        await visit.SeesAsync("The SSH key is removed.");
        pages.AssertSound();
    }

    [Fact]
    public async Task The_pages_of_administrators_are_sound()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var cancellation = TestContext.Current.CancellationToken;
        await gateway.Get<IPeople>().AddAsync("owner", "owner@example.org", TestPerson.Password, administrator: true, "test", cancellation);
        var app = new AuthenticatorApp((await gateway.Get<IFactorEnrolment>().AddTotpAsync("owner", "test", cancellation)).Value!);
        var ann = await gateway.AddPersonAsync();
        await gateway.AddPersonAsync("bob", factor: false);
        await gateway.AddPersonAsync("somebody.with-a-very-long-name.from.another_department.of-us");
        await gateway.AddRepositoryAsync();
        await gateway.Get<IPeople>().DisableAsync("bob", "owner", cancellation);
        await gateway.Get<IWorkspaces>().AddMemberAsync("ACME", "owner", Role.Admin, accepted: true, "test", cancellation);
        await new Gallery(gateway, ann).SettledAsync(Gallery.Approved);

        await using var visit = await browser.VisitAsync(gateway);
        await visit.GoAsync("/sign-in");
        await visit.FillAsync("name", "owner");
        await visit.FillAsync("password", TestPerson.Password);
        await visit.SubmitAsync("sign-in-password");
        await visit.FillAsync("code", app.CodeAt(AuthenticatorApp.StepOf(gateway.Clock.GetUtcNow())));
        await visit.ClickAsync("sign-in-code");
        await visit.AtAsync("/");
        await pages.LookAsync(visit, "workspace-admin", "/workspaces/ACME");
        await visit.FillAsync("member-name", "nobody");
        await visit.SubmitAsync("invite");
        await pages.LookAsync(visit, "workspace-trouble");
        await pages.LookAsync(visit, "workspaces-admin", "/workspaces");
        await visit.ClickAsync("new-workspace");
        await pages.LookAsync(visit, "workspace-new");
        await pages.LookAsync(visit, "repository-new", "/repositories/new");
        await pages.LookAsync(visit, "people", "/people");
        await pages.LookAsync(visit, "people-nobody", "/people?q=nobody");
        await pages.LookAsync(visit, "locks-none", "/locks");
        await LockAsync(gateway);
        await pages.LookAsync(visit, "locks", "/locks");
        await visit.Page.Locator("details summary").ClickAsync();
        await pages.LookAsync(visit, "locks-numbers");
        await pages.LookAsync(visit, "upstreams-none", "/upstreams");
        await visit.ClickAsync("new-upstream");
        await visit.AtAsync("/upstreams/new");
        await pages.LookAsync(visit, "upstream-new");
        await visit.ClickAsync("upstream-advanced");
        await pages.LookAsync(visit, "upstream-new-advanced");
        await visit.FillAsync("upstream-name", "Corp");
        await visit.FillAsync("upstream-base", "https://git.example.org");
        await visit.The("upstream-credentials").SelectOptionAsync("service");
        await visit.FillAsync("upstream-secret", "secret canary");
        await visit.SubmitAsync("add-upstream");
        await Expect(visit.The("wrong-name")).ToContainTextAsync("1 to 64 of the characters");
        await Expect(visit.The("upstream-base")).ToHaveValueAsync("https://git.example.org");
        Assert.DoesNotContain("secret canary", await visit.Page.ContentAsync(), StringComparison.Ordinal);
        await pages.LookAsync(visit, "upstream-new-refused");
        await visit.FillAsync("upstream-name", "forge");
        await visit.The("upstream-credentials").SelectOptionAsync("passed");
        await visit.ClickAsync("upstream-advanced");
        await visit.FillAsync("upstream-people", "j.doe=ann\nnobody");
        await visit.FillAsync("upstream-workspaces", "none");
        await visit.SubmitAsync("add-upstream");
        await Expect(visit.The("wrong-people")).ToBeVisibleAsync();
        await pages.LookAsync(visit, "upstream-new-people");
        await visit.FillAsync("upstream-people", "j.doe=ann");
        await visit.SubmitAsync("add-upstream");
        await visit.AtAsync("/upstreams");
        await visit.SeesAsync("Check now");
        await pages.LookAsync(visit, "upstream-added");
        await AddHostsAsync(gateway);
        await pages.LookAsync(visit, "upstreams", "/upstreams");
        await pages.LookAsync(visit, "repositories-elsewhere", "/repositories");
        await pages.LookAsync(visit, "workspace-elsewhere", "/workspaces/CORP");
        await pages.LookAsync(visit, "workspaces-elsewhere", "/workspaces");
        await pages.LookAsync(visit, "audit", "/audit");
        await pages.LookAsync(visit, "audit-nothing", "/audit?q=nothing-like-this");
        await pages.LookAsync(visit, "policy", "/policy");
        await visit.FillAsync("yaml", "version: 1\nmode: enforce\nrules:\n  - name: everything\n    operations: [raed]\n    require: { strength: storng }\n");
        await visit.SubmitAsync("check-policy");
        await pages.LookAsync(visit, "policy-wrong");
        pages.AssertSound();
    }

    /// <summary>Somebody's password locked, a name that nobody has, a network with many names, and other hours with attempts.</summary>
    private static async Task LockAsync(GatewayFixture gateway)
    {
        var cancellation = TestContext.Current.CancellationToken;
        var throttles = gateway.Get<Countersign.Server.Factors.Throttles>();
        foreach (var name in new[] { "somebody.with-a-very-long-name.from.another_department.of-us", "nobody" })
        {
            gateway.Clock.Advance(TimeSpan.FromMinutes(-50)); // and forth again: the session must not grow old
            for (var attempt = 0; attempt < 10; attempt++)
            {
                await throttles.ReserveAsync(Countersign.Server.Factors.ThrottleRule.Password(name));
                gateway.Clock.Advance(TimeSpan.FromMinutes(5));
            }
        }

        var stranger = new ClientAddress(System.Net.IPAddress.Parse("2001:db8:1:2::9"));
        for (var number = 0; number < 15; number++)
        {
            await gateway.Get<ISignIn>().PasswordAsync($"name{number}", "wrong horse battery staple", null, stranger, cancellation);
        }
    }

    /// <summary>A host that nobody has asked yet, and one that cannot be reached.</summary>
    private static async Task AddHostsAsync(GatewayFixture gateway)
    {
        var cancellation = TestContext.Current.CancellationToken;
        var desk = gateway.Get<IUpstreamDesk>();
        Assert.Null((await desk.AddAsync(new("corp", "bitbucket-dc", "https://git.example.org/bitbucket", Credentials: "passed"), "test", cancellation)).Refusal);
        Assert.Null((await desk.AddAsync(new("gone", "smart-http", $"http://127.0.0.1:{GatewayFixture.FreePort()}", Mount: "none", Workspaces: ["none"]), "test", cancellation)).Refusal);
        Assert.False((await desk.CheckAsync("gone", null, cancellation)).Value!.Ok);
        var owner = (await gateway.Get<IPeople>().FindAsync("owner", cancellation))!;
        Assert.Null((await gateway.Get<IWorkspaces>().AddAsync("CORP", null, new("corp", "team/platform"), owner.Id, "test", cancellation)).Refusal);
        Assert.True(RepositoryPath.TryParse("CORP/core", out var path));
        Assert.Null((await gateway.Get<IRepositories>().RegisterAsync(path, RepositoryKind.Repository, false, "team/platform/Core.git", "test", cancellation)).Refusal);
    }

    /// <summary>As pages see a gateway that serves Git over SSH; no sshd is needed to look at them.</summary>
    private static void ServeSsh(GatewayFixture gateway) => gateway.Get<SshState>().On(
        new(System.Net.IPAddress.Loopback, 2222),
        new(
            "localhost", 2222,
            [
                new("ED25519", "SHA256:hSWTaFeXw+QeIkqq9wOnH/9LVvld9KCeEcvtJFcqpp4"),
                new("ECDSA", "SHA256:q0yOWiIo8IdHtgBihjSBuzQHiU2FbreKhsEjTNAPzjE"),
                new("RSA", "SHA256:e2UjObHSCXvVObMa+CcWlYlTH8U73wcrh636p4D+7gE"),
            ],
            "OpenSSH_9.2p1"));
}
