using System.Globalization;
using Countersign.Core.Challenges;
using Countersign.Server.Enforcement;

namespace Countersign.Server.Tests.Api;

public sealed class RequestsTests : IAsyncLifetime
{
    private readonly ApiFixture api = new();
    private string ann = "";
    private string bob = "";

    public async ValueTask InitializeAsync()
    {
        await api.InitializeAsync();
        api.People.Add("ann", kinds: FactorKind.Totp);
        api.People.Add("bob", kinds: FactorKind.Totp);
        (ann, bob) = (api.People.SignedIn("ann"), api.People.SignedIn("bob"));
    }

    public ValueTask DisposeAsync() => api.DisposeAsync();

    [Fact]
    public async Task A_request_tells_everything_but_the_number()
    {
        api.Waiting("ann", number: true);
        var answer = await api.GetAsync("/api/v1/requests/WDJB-MJHT", ann);
        Assert.Equal(200, answer.Status);
        Assert.Equal("pending", answer.Json.GetProperty("state").GetString());
        Assert.Equal("push", answer.Json.GetProperty("operation").GetString());
        Assert.Equal("ACME/core", answer.Json.GetProperty("repository").GetString());
        Assert.Equal("https://git.example.org/a/WDJB-MJHT", answer.Json.GetProperty("approveUrl").GetString());
        Assert.True(answer.Json.GetProperty("numberOwed").GetBoolean());
        Assert.True(answer.Json.GetProperty("refs")[0].GetProperty("forced").GetBoolean());
        Assert.Equal(3, answer.Json.GetProperty("refs")[0].GetProperty("commits").GetInt32());
        Assert.DoesNotContain("42", answer.Body.Replace("2.39.5", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Anothers_request_and_none_look_the_same()
    {
        api.Waiting("ann");
        var others = await api.GetAsync("/api/v1/requests/WDJB-MJHT", bob);
        var none = await api.GetAsync("/api/v1/requests/BBBB-BBBB", bob);
        var nonsense = await api.GetAsync("/api/v1/requests/x", bob);
        others.IsProblem(404, "not_found");
        Assert.Equal(others.Body, none.Body);
        Assert.Equal(others.Body, nonsense.Body);
        (await api.PostAsync("/api/v1/requests/WDJB-MJHT/options", "{}", bob)).IsProblem(404, "not_found");
    }

    [Fact]
    public async Task What_waits_comes_first_then_the_newest()
    {
        api.Requests.All.Add(api.Waiting("ann", "BBBB-BBBB") with { State = new ChallengeState.Expired(), CreatedAt = api.Clock.Now.AddMinutes(2) });
        api.Requests.All.RemoveAt(0);
        api.Waiting("ann", "CCCC-CCCC");
        api.Waiting("bob", "DDDD-DDDD");
        var all = await api.GetAsync("/api/v1/requests", ann);
        Assert.Equal(["CCCC-CCCC", "BBBB-BBBB"], all.Json.EnumerateArray().Select(request => request.GetProperty("id").GetString()));
        var pending = await api.GetAsync("/api/v1/requests?state=pending", ann);
        Assert.Equal(1, pending.Json.GetArrayLength());
        (await api.GetAsync("/api/v1/requests?state=open", ann)).IsProblem(400, "unknown_state");
        (await api.GetAsync("/api/v1/requests?everyone=true", ann)).IsProblem(403, "administrator_required");
    }

    [Theory]
    [InlineData(ApprovalOutcome.NotFound, 404, "not_found")]
    [InlineData(ApprovalOutcome.NumberOwed, 400, "number_owed")]
    [InlineData(ApprovalOutcome.NumberWrong, 403, "number_wrong")]
    [InlineData(ApprovalOutcome.ProofOwed, 400, "proof_owed")]
    [InlineData(ApprovalOutcome.ProofRefused, 403, "proof_refused")]
    [InlineData(ApprovalOutcome.FactorNotSetUp, 403, "factor_not_set_up")]
    [InlineData(ApprovalOutcome.FactorNotAccepted, 403, "factor_not_accepted")]
    [InlineData(ApprovalOutcome.ProofDelayed, 429, "proof_delayed")]
    [InlineData(ApprovalOutcome.ProofLocked, 429, "proof_locked")]
    public async Task A_refused_approval_says_why(object outcome, int status, string code)
    {
        api.Requests.Answer = new((ApprovalOutcome)outcome, RetryAt: api.Clock.Now.AddSeconds(12.5));
        var answer = await ApproveAsync("""{"totp":"000000"}""");
        answer.IsProblem(status, code);
        if (status == 429)
        {
            Assert.Equal(13, int.Parse(answer.Headers["Retry-After"], CultureInfo.InvariantCulture));
        }
    }

    [Fact]
    public async Task An_approved_request_comes_back_as_it_is_now()
    {
        var waiting = api.Waiting("ann");
        var proof = new FactorProof(waiting.Id, FactorKind.Totp, Strength.Strong, "phone");
        api.Requests.Answer = new(ApprovalOutcome.Done, waiting with { State = new ChallengeState.Approved(proof) });
        var answer = await ApproveAsync("""{"number":"42","totp":"000000"}""");
        Assert.Equal(200, answer.Status);
        Assert.Equal("approved", answer.Json.GetProperty("state").GetString());
        Assert.Equal("totp", answer.Json.GetProperty("approval").GetProperty("factor").GetString());
        Assert.Equal(new ApprovalInput("42", "000000", null, null), api.Requests.LastInput);
    }

    [Fact]
    public async Task A_settled_request_is_a_conflict()
    {
        var waiting = api.Waiting("ann");
        api.Requests.Answer = new(ApprovalOutcome.AlreadySettled, waiting with { State = new ChallengeState.Denied(DenialCause.Declined) });
        var answer = await ApproveAsync("""{"totp":"000000"}""");
        answer.IsProblem(409, "already_settled");
        Assert.Equal("denied", answer.Json.GetProperty("state").GetString());
    }

    [Theory]
    [InlineData("""{"totp":"12345"}""", "malformed_code")]
    [InlineData("""{"totp":"1234567"}""", "malformed_code")]
    [InlineData("""{"totp":"12 456"}""", "malformed_code")]
    [InlineData("""{"totp":"١٢٣٤٥٦"}""", "malformed_code")]
    [InlineData("""{"totp":""}""", "malformed_code")]
    [InlineData("""{"number":"4","totp":"123456"}""", "malformed_number")]
    [InlineData("""{"number":"abc","totp":"123456"}""", "malformed_number")]
    [InlineData("""{"totp":"123456","recoveryCode":"aaaa"}""", "one_proof")]
    [InlineData("""{"totp":"123456","assertion":{}}""", "one_proof")]
    [InlineData("""{"assertion":"x"}""", "malformed_assertion")]
    [InlineData("""{"approve":true}""", "unknown_field")]
    public async Task A_proof_of_the_wrong_shape_never_reaches_the_verdict(string body, string code)
    {
        (await ApproveAsync(body)).IsProblem(400, code);
        Assert.Null(api.Requests.LastInput);
    }

    [Fact]
    public async Task Nothing_is_approved_by_GET()
    {
        (await api.GetAsync("/api/v1/requests/WDJB-MJHT/approve", ann)).IsProblem(405, "wrong_method");
        Assert.Null(api.Requests.LastInput);
    }

    [Theory]
    [InlineData("deny", false)]
    [InlineData("report", true)]
    public async Task Denying_takes_no_proof(string verb, bool reported)
    {
        var waiting = api.Waiting("ann");
        api.Requests.Answer = new(ApprovalOutcome.Done, waiting with { State = new ChallengeState.Denied(DenialCause.Declined) });
        var answer = await api.SendAsync(HttpMethod.Post, $"/api/v1/requests/WDJB-MJHT/{verb}", null, ann);
        Assert.Equal(200, answer.Status);
        Assert.Equal(reported, api.Requests.LastReported);
    }

    private Task<Answer> ApproveAsync(string body) => api.PostAsync("/api/v1/requests/WDJB-MJHT/approve", body, ann);
}
