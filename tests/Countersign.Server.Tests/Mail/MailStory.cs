using Countersign.Core.Challenges;
using Countersign.Core.Git;
using Countersign.Server.Enforcement;
using Countersign.Server.Factors.EmailApproval;
using Countersign.Server.Mail;
using Countersign.Server.Storage;
using Countersign.Server.Tests.Api;
using Countersign.Server.Tests.Fixtures;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Countersign.Server.Tests.Mail;

/// <summary>A gateway that sends mail to a real server, and ann, who approves by it first.</summary>
internal sealed class MailStory : IAsyncDisposable
{
    public const string Policy = "version: 1\nmode: enforce\nrules:\n  - name: asked\n    operations: [read, write]\n    require: { strength: basic }\n";

    private MailStory(SmtpServer server, GatewayFixture gateway, TestPerson ann) => (Server, Gateway, Ann) = (server, gateway, ann);

    public SmtpServer Server { get; }

    public GatewayFixture Gateway { get; }

    public TestPerson Ann { get; }

    public RepositoryPath Core { get; private set; } = null!;

    public static async Task<MailStory> StartAsync(string? policy = Policy, bool switchOn = true, Dictionary<string, string?>? settings = null, Action<IServiceCollection>? replace = null)
    {
        var server = await SmtpServer.StartAsync();
        var all = server.Settings();
        foreach (var (key, value) in settings ?? [])
        {
            all[key] = value;
        }

        var gateway = await GatewayFixture.StartAsync(policy, all, replace);
        var story = new MailStory(server, gateway, await gateway.AddPersonAsync()) { Core = await gateway.AddRepositoryAsync() };
        if (switchOn)
        {
            await story.SwitchOnAsync();
        }

        return story;
    }

    /// <summary>The whole way: a code by mail, typed, and email before everything else.</summary>
    public async Task SwitchOnAsync()
    {
        var enrolment = Gateway.Get<EmailEnrolment>();
        Assert.Null((await enrolment.BeginAsync(Ann.Id)).Refusal);
        var code = (await Server.NextAsync(mail => mail.Subject.StartsWith("Your code", StringComparison.Ordinal))).Code;
        Assert.Null((await enrolment.ConfirmAsync(Ann.Id, code, "ann")).Refusal);
        await Server.NextAsync(mail => mail.Text.Contains("switched on", StringComparison.Ordinal));
        await using var database = await Gateway.Get<IDbContextFactory<GatewayDbContext>>().CreateDbContextAsync(TestContext.Current.CancellationToken);
        await database.Users.ExecuteUpdateAsync(set => set.SetProperty(person => person.FactorOrder, "EmailApproval"), TestContext.Current.CancellationToken);
        Assert.Contains(FactorKind.EmailApproval, Ann.Principal.Factors);
    }

    /// <summary>A clone by real Git that waits, its request, and the mail about it.</summary>
    public async Task<(GitClient.RunningGit Git, Challenge Request, ReceivedMail Mail)> CloneAsync()
    {
        var folder = Path.Combine(Gateway.Folder.FullName, Path.GetRandomFileName());
        var git = new GitClient(folder).StartAsync("clone", Ann.UrlOf("ACME/core"), Path.Combine(folder, "clone"));
        var request = await Ann.NextRequestAsync();
        return (git, request, await MailAboutAsync(request));
    }

    public Task<ReceivedMail> MailAboutAsync(Challenge request) => Server.NextAsync(mail => mail.Subject.Contains(request.Id.Value, StringComparison.Ordinal));

    /// <summary>Opens a link of the mail as a browser without a session does, and returns the browser.</summary>
    public async Task<(Visitor Browser, Answer Page, string Address)> OpenAsync(string link)
    {
        var browser = new Visitor(Gateway);
        var (page, address) = await OpenAsync(browser, link);
        return (browser, page, address);
    }

    public async Task<(Answer Page, string Address)> OpenAsync(Visitor browser, string link)
    {
        Assert.StartsWith(Gateway.Url + "/m/", link, StringComparison.Ordinal);
        var first = await browser.GetAsync(link[Gateway.Url.Length..]);
        if (first.Status != 302)
        {
            return (first, "");
        }

        var address = first.Headers["Location"];
        return (await browser.GetAsync(address), address);
    }

    /// <summary>Until nothing waits to be sent. Whoever moves the clock before that cuts off what the sender is at.</summary>
    public void AwaitQuiet() => Assert.True(SpinWait.SpinUntil(() => Gateway.Get<Outbox>().Count() == 0, TimeSpan.FromSeconds(60)));

    public static Task<Answer> ApproveAsync(Visitor browser, string address, string? number)
    {
        var fields = new Dictionary<string, string>();
        if (number is not null)
        {
            fields["number"] = number;
        }

        return browser.SubmitAsync(address, $"{address}?handler=Approve", fields);
    }

    public static Task<Answer> DenyAsync(Visitor browser, string address) => browser.SubmitAsync(address, $"{address}?handler=Deny", []);

    public static string Wrong(Challenge request, int step = 1) =>
        ((int.Parse(request.Number, System.Globalization.CultureInfo.InvariantCulture) + step) % 1_000_000).ToString("D6", System.Globalization.CultureInfo.InvariantCulture);

    public Challenge Now(Challenge request) => Gateway.Get<ChallengeReader>().Find(request.Id)!;

    public async ValueTask DisposeAsync()
    {
        await Gateway.DisposeAsync();
        await Server.DisposeAsync();
    }
}
