using Countersign.Demo;
using Countersign.Server.Factors.DuoPush;

namespace Countersign.Server.Tests.Duo;

/// <summary>Answers that look like a yes, from a Duo that is broken, or from whoever stands in its place. None of them approves.</summary>
public sealed class LyingDuoAttacks
{
    private const string Yes = "\"result\":\"allow\",\"status\":\"allow\",\"status_msg\":\"Success. Logging you in...\"";

    private static readonly Dictionary<string, SimulatedAnswer> Lies = new()
    {
        ["ALLOW in capitals"] = Body("""{"stat":"OK","response":{"result":"ALLOW","status":"ALLOW"}}"""),
        ["allow with a space"] = Body("""{"stat":"OK","response":{"result":"allow ","status":"allow"}}"""),
        ["created instead of OK"] = Body(Ok(Yes), 201),
        ["accepted instead of OK"] = Body(Ok(Yes), 202),
        ["partial content"] = Body(Ok(Yes), 206),
        ["another transaction"] = Body(Ok(Yes + ",\"txid\":\"45f7c92b-f45f-4862-8545-e0f58e78075a\"")),
        ["a transaction that is no text"] = Body(Ok(Yes + ",\"txid\":1")),
        ["deny, then allow"] = Body(Ok("\"result\":\"deny\"," + Yes)),
        ["allow, then deny"] = Body(Ok(Yes + ",\"result\":\"deny\"")),
        ["two answers"] = Body("""{"stat":"OK","response":{"result":"deny","status":"deny"},"response":{""" + Yes + "}}"),
        ["the same member by an escape"] = Body(Ok("\"resul\\u0074\":\"deny\"," + Yes)),
        ["a failure with a yes in it"] = Body(Stat("\"stat\":\"FAIL\",")),
        ["ok in small letters"] = Body(Stat("\"stat\":\"ok\",")),
        ["no stat"] = Body(Stat("")),
        ["a stat that is true"] = Body(Stat("\"stat\":true,")),
        ["the members at the top"] = Body("{\"stat\":\"OK\"," + Yes + "}"),
        ["a list of answers"] = Body("{\"stat\":\"OK\",\"response\":[{" + Yes + "}]}"),
        ["a result that is a list"] = Body("""{"stat":"OK","response":{"result":["allow"],"status":"allow"}}"""),
        ["a result that is true"] = Body("""{"stat":"OK","response":{"result":true,"status":"allow"}}"""),
        ["no status"] = Body("""{"stat":"OK","response":{"result":"allow"}}"""),
        ["a bypass"] = Body("""{"stat":"OK","response":{"result":"allow","status":"bypass"}}"""),
        ["allow with the status of a refusal"] = Body("""{"stat":"OK","response":{"result":"allow","status":"fraud"}}"""),
        ["the answer of preauth"] = Body("""{"stat":"OK","response":{"result":"allow","status_msg":"Account is active"}}"""),
        ["something behind it"] = Body(Ok(Yes) + "{}"),
        ["a comment"] = Body("/* */" + Ok(Yes)),
        ["no UTF-8"] = new(async context =>
        {
            context.Response.ContentType = "application/json";
            await context.Response.Body.WriteAsync((byte[])[.. System.Text.Encoding.UTF8.GetBytes(Ok(Yes)[..^2]), (byte)',', (byte)'"', 0xff, (byte)'"', (byte)':', (byte)'1', (byte)'}', (byte)'}']);
        }),
        ["nothing"] = Body(""),
        ["a page"] = Body("<html>allow</html>", 200, "text/html"),
        ["cut in the middle"] = SimulatedAnswer.Cut(Ok(Yes)),
        ["50 MB"] = SimulatedAnswer.Huge(Ok(Yes), 50_000_000),
        ["an error with a yes in it"] = Body(Ok(Yes), 500),
        ["forbidden with a yes in it"] = Body(Ok(Yes), 403),
        ["not modified"] = new(context =>
        {
            context.Response.StatusCode = 304;
            return Task.CompletedTask;
        }),
    };

    public static TheoryData<string> Names => [.. Lies.Keys];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_lie_about_a_push_does_not_approve_it(string lie)
    {
        await using var bench = await DuoBench.StartAsync();
        var push = await bench.PushAsync();
        bench.Duo.Play("auth_status", [.. Enumerable.Repeat(Lies[lie], 30)]);
        var outcome = await bench.OverPausesAsync(() => bench.WaitAsync(push));
        Assert.NotEqual(DuoVerdict.Allowed, outcome.Verdict);
        Assert.DoesNotContain(outcome.Verdict, new[] { DuoVerdict.Declined, DuoVerdict.Fraud }); // nor does it deny in the person's name
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_lie_about_a_passcode_does_not_take_it(string lie)
    {
        await using var bench = await DuoBench.StartAsync();
        bench.Duo.Play("auth", Lies[lie]);
        Assert.NotEqual(DuoVerdict.Allowed, (await bench.Api.PasscodeAsync("ann", DuoBench.Here, "123456", Cancellation)).Value?.Verdict);
    }

    [Fact]
    public async Task A_redirect_is_not_followed_to_a_yes()
    {
        await using var bench = await DuoBench.StartAsync();
        await using var other = await DuoSimulator.StartAsync(bench.Clock);
        var push = await bench.PushAsync();
        foreach (var to in new[] { $"https://{bench.Duo.Host}/auth/v2/auth_status?txid={push.Txid}", $"https://{other.Host}/", "/auth/v2/ping" })
        {
            bench.Duo.Play("auth_status", SimulatedAnswer.Redirect(to));
            Assert.Null((await bench.Api.StatusAsync(push.Txid, Cancellation)).Value);
        }

        Assert.Empty(other.Calls);
    }

    [Fact]
    public async Task Somebody_elses_transaction_is_not_taken_for_a_Verified_Push()
    {
        await using var bench = await DuoBench.StartAsync();
        bench.Ann.VerifiedPush = true;
        bench.Duo.Play("auth", SimulatedAnswer.Body("""{"stat":"OK","response":{"txid":"45f7c92b-f45f-4862-8545-e0f58e78075a"}}"""));
        var (push, why) = await bench.Pushes.SendAsync("ann", DuoBench.Here, new(null, ""), DuoBench.Message, Cancellation);
        Assert.Null(push);
        Assert.Equal(DuoAuthApi.NotUnderstood, why);
    }

    [Theory]
    [InlineData("""{"stat":"OK","response":{"txid":"a/../b?x=1"}}""")]
    [InlineData("""{"stat":"OK","response":{"txid":""}}""")]
    [InlineData("""{"stat":"OK","response":{"result":"allow","status":"allow"}}""")]
    [InlineData("""{"stat":"OK","response":{"txid":["a"]}}""")]
    public async Task An_answer_to_a_push_that_names_no_transaction_is_no_push(string answer)
    {
        await using var bench = await DuoBench.StartAsync();
        bench.Duo.Play("auth", SimulatedAnswer.Body(answer));
        Assert.Null((await bench.Pushes.SendAsync("ann", DuoBench.Here, new(null, ""), DuoBench.Message, Cancellation)).Value);
    }

    [Theory]
    [InlineData("""{"result":"AUTH"}""")]
    [InlineData("""{"result":"auth","devices":{}}""")]
    [InlineData("""{"result":"auth","devices":["DP1"]}""")]
    [InlineData("""{"result":"auth","devices":[{"device":"a b"}]}""")]
    [InlineData("""{"result":"auth","devices":[],"txid":"&x=1"}""")]
    [InlineData("""{"result":"auth","devices":[],"txid":"a","verification_code":"rm -rf"}""")]
    public async Task A_preauth_of_another_shape_sends_nothing(string response)
    {
        await using var bench = await DuoBench.StartAsync();
        bench.Duo.Play("preauth", SimulatedAnswer.Body("{\"stat\":\"OK\",\"response\":" + response + "}"));
        Assert.Null((await bench.Pushes.SendAsync("ann", DuoBench.Here, new(null, ""), DuoBench.Message, Cancellation)).Value);
        Assert.Empty(bench.Duo.Pushes);
    }

    [Fact]
    public async Task A_host_that_the_authority_does_not_vouch_for_is_asked_nothing()
    {
        await using var other = await DuoSimulator.StartAsync(TimeProvider.System);
        await using var bench = await DuoBench.StartAsync(settings: (settings, folder) => settings["Factors:DuoPush:CaFile"] = other.Settings(folder.FullName)["Factors:DuoPush:CaFile"]);
        Assert.Equal(DuoAuthApi.NoAnswer, (await bench.Api.PreauthAsync("ann", DuoBench.Here, Cancellation)).Why);
        Assert.Empty(bench.Duo.Calls);
    }

    [Fact]
    public async Task A_Duo_that_never_answers_is_given_up_in_time()
    {
        await using var bench = await DuoBench.StartAsync();
        await bench.Api.PreauthAsync("ann", DuoBench.Here, Cancellation);
        bench.Duo.Play("preauth", SimulatedAnswer.Silence);
        var armed = bench.Clock.WhenArmedAsync(TimeSpan.FromSeconds(59), TimeSpan.FromSeconds(60));
        var asking = bench.Api.PreauthAsync("ann", DuoBench.Here, Cancellation);
        await armed;
        bench.Clock.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal(DuoAuthApi.NoAnswer, (await asking).Why);
    }

    [Fact]
    public async Task What_Duo_says_reaches_the_terminal_as_one_short_printable_line()
    {
        await using var bench = await DuoBench.StartAsync();
        bench.Duo.Play("preauth", SimulatedAnswer.Body(Ok(
            """ "result":"deny","status_msg":"\u001b[2J\u001b]0;owned\u0007gone\r\nremote: approved\u202e""" + new string('x', 5000) + "\"")));
        var (_, why) = await bench.Pushes.SendAsync("ann", DuoBench.Here, new(null, ""), DuoBench.Message, Cancellation);
        Assert.StartsWith("Duo: [2J]0;ownedgone remote: approvedxxx", why, StringComparison.Ordinal);
        Assert.All(why, character => Assert.InRange(character, ' ', '~'));
        Assert.InRange(why.Length, 1, 130);
    }

    private static string Ok(string members) => "{\"stat\":\"OK\",\"response\":{" + members + "}}";

    private static string Stat(string stat) => "{" + stat + "\"response\":{" + Yes + "}}";

    private static SimulatedAnswer Body(string json, int status = 200, string type = "application/json") => SimulatedAnswer.Body(json, status, type);
}
