using Countersign.Server.Tests.Fixtures;
using Countersign.Server.Tests.Mail;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Countersign.Server.Tests.Regressions;

/// <summary>Somebody looks for a fault with every level of every log open. Nothing that can be used is in it.</summary>
[Trait("Category", "slow")]
public sealed class SecretLogTests
{
    [Theory]
    [InlineData("Logging:LogLevel:Default")]
    [InlineData("Logging:Console:LogLevel:Default")] // set for the console alone, which goes before what is set for all
    public async Task No_secret_is_in_the_log_at_its_most_talkative(string setting)
    {
        using var log = new CollectedLog(LogLevel.Trace);
        await using var story = await MailStory.StartAsync(
            settings: new() { [setting] = "Trace" }, replace: services => services.AddLogging(logging => logging.ClearProviders().AddProvider(log)));
        var (gateway, ann) = (story.Gateway, story.Ann);

        using var browser = new Visitor(gateway);
        await browser.SubmitAsync("/sign-in", "/sign-in?handler=Password", new() { ["name"] = ann.Name, ["password"] = "wrong-password-canary" });
        await browser.BrowseAsync(ann);
        using var program = await Visitor.SignedInAsync(gateway, ann);
        var made = await program.PostAsync("tokens", new { label = "another", days = 1 });
        await gateway.Get<Server.People.ISetup>().IssueLinkAsync(TestContext.Current.CancellationToken);
        using var stranger = new Visitor(gateway);
        await stranger.GetAsync("/setup?link=setup-link-canary");
        await stranger.GetAsync("/scm/ACME/core.git/info/refs?service=git-upload-pack", ("Authorization", Visitor.Basic(ann.Name, "csn_wrong-token-canary")));

        var (git, request, mail) = await story.CloneAsync();
        var link = mail.LinkAfter("Approve");
        var (reader, _, address) = await story.OpenAsync(link);
        using (reader)
        {
            await MailStory.ApproveAsync(reader, address, request.Number);
            Assert.Equal(0, (await git.Completion).ExitCode);
            await gateway.AssertInvariantsAsync();

            string[] secrets =
            [
                .. ann.Secrets, "wrong-password-canary", "setup-link-canary", "csn_wrong-token-canary", link[(link.LastIndexOf('/') + 1)..], program.Token!, made.Json.GetProperty("token").GetString()!,
                .. browser.Cookies.Values.Where(value => value.Length > 20), .. reader.Cookies.Values.Where(value => value.Length > 20),
            ];
            Assert.True(log.Lines.Count > 200, "the log says next to nothing, so that it proves nothing");
            Assert.Empty(
                from line in log.Lines
                from secret in secrets
                where line.Contains(secret, StringComparison.Ordinal)
                select line);
        }
    }
}
