using System.Text.Json;
using Countersign.Core.Challenges;
using Countersign.Server.Audit;
using Countersign.Server.People;
using Countersign.Server.Tests.Cli;
using Countersign.Server.Tests.Fixtures;

namespace Countersign.Server.Tests.Prompts;

/// <summary>Each person says in which order they are asked.</summary>
public sealed class FactorOrderTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Through_the_api_it_is_read_set_recorded_and_told()
    {
        await using var story = await PromptStory.StartAsync();
        using var ann = await Visitor.SignedInAsync(story.Gateway, story.Ann);
        Assert.Equal(["duo-push", "totp", "email-approval"], await ReadAsync(ann));
        Assert.Equal(200, (await SetAsync(ann, ["email-approval", "webauthn"])).Status);
        Assert.Equal(["email-approval", "duo-push", "totp"], await ReadAsync(ann)); // what is not named comes after it
        var changed = Assert.Single(await story.Gateway.AuditAsync(), record => record.Event.Type == AuditTypes.FactorOrderChanged).Event;
        Assert.Equal(("ann", "EmailApproval,WebAuthn", story.Ann.Id.ToString()), (changed.Actor, changed.Facts["order"], changed.Facts["person_id"]));
        Assert.Contains(
            await story.Gateway.Get<INotices>().ListAsync(story.Ann.Id, Cancellation),
            notice => notice.Text == "You changed the order in which you are asked: an email approval, then Duo Push, then an authenticator app.");

        await SetAsync(ann, ["email-approval", "webauthn"]); // nothing new, nothing told
        Assert.Equal(1, await story.CountAsync(AuditTypes.FactorOrderChanged));
        Assert.Equal(200, (await SetAsync(ann, [])).Status);
        Assert.Equal(["duo-push", "totp", "email-approval"], await ReadAsync(ann));

        await SetAsync(ann, ["email-approval"]);
        await story.Gateway.RestartAsync();
        Assert.Equal(FactorKind.EmailApproval, story.Gateway.Get<IFactorOrders>().Of(story.Ann.Id)[0]);
    }

    [Theory]
    [InlineData("""{"order":["duo-push","duo-push"]}""", "bad_order")]
    [InlineData("""{"order":["recovery-code"]}""", "bad_order")]
    [InlineData("""{"order":["security-key-ssh"]}""", "bad_order")]
    [InlineData("""{"order":["DuoPush"]}""", "bad_order")]
    [InlineData("""{"order":["duo-push,totp"]}""", "bad_order")]
    [InlineData("""{"order":[""]}""", "bad_order")]
    [InlineData("""{"order":[null]}""", null)]
    [InlineData("""{"order":"duo-push"}""", null)]
    [InlineData("""{}""", null)]
    public async Task What_is_no_order_changes_nothing(string body, string? code)
    {
        await using var story = await PromptStory.StartAsync();
        using var ann = await Visitor.SignedInAsync(story.Gateway, story.Ann);
        var answer = await ann.ApiAsync(HttpMethod.Put, "me/factor-order", body);
        Assert.Equal(400, answer.Status);
        Assert.True(code is null || answer.Json.GetProperty("code").GetString() == code, answer.Body);
        Assert.Equal(0, await story.CountAsync(AuditTypes.FactorOrderChanged));
    }

    [Fact]
    public async Task On_the_security_page_each_way_moves_up_and_down_without_a_fresh_proof()
    {
        await using var story = await PromptStory.StartAsync();
        using var browser = new Visitor(story.Gateway);
        await browser.BrowseAsync(story.Ann);
        story.Gateway.Clock.Advance(TimeSpan.FromMinutes(20)); // long after the proof
        var page = (await browser.GetAsync("/security")).Body;
        Assert.Contains("How you are asked, in this order", page, StringComparison.Ordinal);
        Assert.DoesNotContain("up-duo-push", page, StringComparison.Ordinal);
        Assert.DoesNotContain("down-email-approval", page, StringComparison.Ordinal);

        var moved = await browser.SubmitAsync("/security", "/security?handler=Move", new() { ["kind"] = "email-approval", ["by"] = "-1" });
        Assert.Equal((302, "/security?done=order-changed#order-email-approval"), (moved.Status, moved.Headers["Location"]));
        Assert.Equal([FactorKind.DuoPush, FactorKind.EmailApproval, FactorKind.Totp], story.Gateway.Get<IFactorOrders>().Of(story.Ann.Id));
        await browser.SubmitAsync("/security", "/security?handler=Move", new() { ["kind"] = "duo-push", ["by"] = "1" });
        Assert.Equal([FactorKind.EmailApproval, FactorKind.DuoPush, FactorKind.Totp], story.Gateway.Get<IFactorOrders>().Of(story.Ann.Id));

        foreach (var (kind, by) in new[] { ("email-approval", "-1"), ("totp", "1"), ("webauthn", "1"), ("duo-push", "2"), ("", "1"), ("duo-push", "x") })
        {
            await browser.SubmitAsync("/security", "/security?handler=Move", new() { ["kind"] = kind, ["by"] = by });
        }

        await browser.SendFormAsync("/security?handler=Move", new() { ["kind"] = "totp", ["by"] = "-1" }, "http://evil.example");
        Assert.Equal([FactorKind.EmailApproval, FactorKind.DuoPush, FactorKind.Totp], story.Gateway.Get<IFactorOrders>().Of(story.Ann.Id));
        Assert.Equal(2, await story.CountAsync(AuditTypes.FactorOrderChanged));
    }

    [Fact]
    public async Task On_the_gateways_machine_it_is_shown_and_set_for_a_person_who_is_told()
    {
        await using var story = await PromptStory.StartAsync();
        Assert.Equal((0, "duo-push totp email-approval\n", ""), await RunAsync(story, "factor order ann"));
        Assert.Equal((0, "totp duo-push email-approval\n", ""), await RunAsync(story, "factor order ann totp duo-push"));
        Assert.Contains(
            await story.Gateway.Get<INotices>().ListAsync(story.Ann.Id, Cancellation),
            notice => notice.Text.Contains("An administrator of this gateway changed the order", StringComparison.Ordinal));
        Assert.Equal((1, "", "countersign: An order names duo-push, webauthn, totp and email-approval, each once at most.\n"), await RunAsync(story, "factor order ann totp totp"));
        Assert.Equal(1, (await RunAsync(story, "factor order nobody")).Exit);
    }

    [Fact]
    public async Task Only_administrators_see_or_set_somebody_elses()
    {
        await using var story = await PromptStory.StartAsync();
        var bob = await story.Gateway.AddPersonAsync("bob");
        using var his = await Visitor.SignedInAsync(story.Gateway, bob);
        Assert.Equal(403, (await his.GetApiAsync("people/ann/factor-order")).Status);
        Assert.Equal(403, (await his.ApiAsync(HttpMethod.Put, "people/ann/factor-order", """{"order":["email-approval"]}""")).Status);
        using var nobody = new Visitor(story.Gateway);
        Assert.Equal(401, (await nobody.GetApiAsync("me/factor-order")).Status);
        Assert.Equal(FactorKind.DuoPush, story.Gateway.Get<IFactorOrders>().Of(story.Ann.Id)[0]);
    }

    private static Task<(int Exit, string Out, string Error)> RunAsync(PromptStory story, string words) =>
        CommandLineTests.RunAsync([.. words.Split(' '), "--data", story.Gateway.Options.Data], "");

    private static async Task<IEnumerable<string?>> ReadAsync(Visitor visitor) =>
        (await visitor.GetApiAsync("me/factor-order")).Json.GetProperty("order").EnumerateArray().Select(word => word.GetString()).ToList();

    private static Task<Api.Answer> SetAsync(Visitor visitor, string[] order) => visitor.ApiAsync(HttpMethod.Put, "me/factor-order", JsonSerializer.Serialize(new { order }));
}
