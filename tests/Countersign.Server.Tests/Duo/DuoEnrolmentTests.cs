using Countersign.Core.Challenges;
using Countersign.Demo;
using Countersign.Server.Audit;
using Countersign.Server.Factors.DuoPush;
using Countersign.Server.People;
using Countersign.Server.Storage;
using Countersign.Server.Tests.Fixtures;
using Microsoft.EntityFrameworkCore;

namespace Countersign.Server.Tests.Duo;

/// <summary>Adding Duo Push, by the API and by the pages.</summary>
public sealed class DuoEnrolmentTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_device_counts_only_after_its_push_was_approved_and_confirmed()
    {
        await using var story = await DuoGateway.StartAsync(enrolled: false);
        story.Duo.AddUser("ann");
        using var ann = await Visitor.SignedInAsync(story.Gateway, story.Ann);

        var offer = await ann.PostAsync("duo", new { });
        Assert.Equal("ann", offer.Json.GetProperty("userName").GetString());
        var device = offer.Json.GetProperty("devices")[0].GetProperty("id").GetString();
        Assert.Equal(400, (await ann.PostAsync("duo/confirm", new { })).Status);
        Assert.Equal("waiting", (await ann.PostAsync("duo/push", new { device })).Json.GetProperty("state").GetString());
        var push = await story.ArrivedAsync();
        Assert.Equal("Two-step set-up", push.Type);
        Assert.Equal(400, (await ann.PostAsync("duo/confirm", new { })).Status); // not answered yet
        Assert.DoesNotContain(FactorKind.DuoPush, story.Ann.Principal.Factors);

        var trial = await story.TrialAsync(story.Ann);
        push.Reply(PhoneAnswer.Approve);
        await trial.Ended.WaitAsync(TimeSpan.FromSeconds(60), Cancellation);
        Assert.Equal("approved", (await ann.GetApiAsync("duo")).Json.GetProperty("state").GetString());
        Assert.DoesNotContain(FactorKind.DuoPush, story.Ann.Principal.Factors);
        var added = await ann.PostAsync("duo/confirm", new { name = "Ann's phone" });
        Assert.Equal(200, added.Status);
        Assert.Equal("duo-push", added.Json.GetProperty("factor").GetProperty("kind").GetString());
        Assert.Contains(FactorKind.DuoPush, story.Ann.Principal.Factors);
        Assert.Contains(await story.Gateway.AuditAsync(), record => record.Event.Type == AuditTypes.FactorAdded && record.Event.Facts["factor"] == "DuoPush");
        Assert.Contains(await story.Gateway.Get<INotices>().ListAsync(story.Ann.Id, Cancellation), notice => notice.Text.Contains("\"Ann's phone\" was added", StringComparison.Ordinal));
        Assert.Equal(400, (await ann.PostAsync("duo/confirm", new { })).Status); // once
    }

    [Theory]
    [InlineData(PhoneAnswer.Deny)]
    [InlineData(PhoneAnswer.Fraud)]
    [InlineData(PhoneAnswer.Timeout)]
    public async Task A_push_that_was_not_approved_adds_nothing(object answer)
    {
        await using var story = await DuoGateway.StartAsync(enrolled: false);
        story.Duo.AddUser("ann");
        var enrolment = story.Gateway.Get<DuoEnrolment>();
        var offer = (await enrolment.BeginAsync(story.Ann.Id, DuoGateway.Session, DuoBench.Here, Cancellation)).Value!;
        var trial = (await enrolment.PushAsync(story.Ann.Id, DuoGateway.Session, offer.Devices[0].Id, DuoBench.Here)).Value!;
        (await story.ArrivedAsync()).Reply((PhoneAnswer)answer);
        await trial.Ended.WaitAsync(TimeSpan.FromSeconds(60), Cancellation);
        Assert.Equal("not_begun", (await story.Gateway.Get<IFactorEnrolment>().ConfirmDuoAsync(story.Ann.Id, DuoGateway.Session, null, "ann", Cancellation)).Refusal!.Code);
    }

    [Theory]
    [InlineData(SimulatedAccess.Bypass, "duo_bypass")]
    [InlineData(SimulatedAccess.Deny, "duo_denied")]
    public async Task An_account_that_Duo_lets_pass_or_denies_cannot_be_used(object access, string code)
    {
        await using var story = await DuoGateway.StartAsync(enrolled: false);
        story.Duo.AddUser("ann").Access = (SimulatedAccess)access;
        Assert.Equal(code, (await story.Gateway.Get<DuoEnrolment>().BeginAsync(story.Ann.Id, DuoGateway.Session, DuoBench.Here, Cancellation)).Refusal!.Code);
    }

    [Theory]
    [InlineData("https://enrol.duo.example/portal?code=1", true)]
    [InlineData("http://enrol.duo.example/portal", false)]
    [InlineData("javascript:alert(1)", false)]
    [InlineData("https://a:b@enrol.duo.example/", false)]
    public async Task Whoever_Duo_does_not_know_is_shown_where_to_enrol_if_that_is_an_https_address(string link, bool shown)
    {
        await using var story = await DuoGateway.StartAsync(enrolled: false);
        (story.Duo.AddUser("ann").Access, story.Duo.Users["ann"].EnrolLink) = (SimulatedAccess.Enrol, link);
        var offer = (await story.Gateway.Get<DuoEnrolment>().BeginAsync(story.Ann.Id, DuoGateway.Session, DuoBench.Here, Cancellation)).Value!;
        Assert.True(offer.MustEnrol);
        Assert.Equal(shown ? link : null, offer.EnrolLink?.AbsoluteUri);
    }

    [Fact]
    public async Task Nobody_enrols_a_name_or_a_device_of_their_choice()
    {
        await using var story = await DuoGateway.StartAsync(enrolled: false);
        story.Duo.AddUser("ann");
        story.Duo.AddUser("boss").Devices[0] = new("DPBOSS", "Boss's phone", "push");
        using var ann = await Visitor.SignedInAsync(story.Gateway, story.Ann);
        Assert.Equal("ann", (await ann.PostAsync("duo", new { userName = "boss" })).Json.GetProperty("userName").GetString());
        Assert.Equal(400, (await ann.PostAsync("duo/push", new { device = "DPBOSS" })).Status);
        Assert.Equal(400, (await ann.PostAsync("duo/push", new { device = "auto" })).Status);
        Assert.Empty(story.Duo.Pushes);
    }

    [Fact]
    public async Task An_account_of_Duo_is_one_persons()
    {
        await using var story = await DuoGateway.StartAsync(settings: new() { ["Factors:DuoPush:UserName"] = "email" }, enrolled: false);
        await story.EnrolAsync(story.Ann, userName: "ann@example.org");
        var bob = await story.Gateway.AddPersonAsync("bob");
        await using (var database = await story.Gateway.Get<IDbContextFactory<GatewayDbContext>>().CreateDbContextAsync(Cancellation))
        {
            (await database.Users.FindAsync([bob.Id.Value], Cancellation))!.Email = "Ann@example.org"; // somebody got the mail address of somebody who is still here
            await database.SaveChangesAsync(Cancellation);
        }

        Assert.Equal("duo_taken", (await story.Gateway.Get<DuoEnrolment>().BeginAsync(bob.Id, DuoGateway.Session, DuoBench.Here, Cancellation)).Refusal!.Code);
    }

    [Fact]
    public async Task Another_device_is_chosen_by_approving_a_push_there()
    {
        await using var story = await DuoGateway.StartAsync();
        story.Duo.Users["ann"].Devices.Add(new("DPTABLET", "Tablet", "push"));
        var enrolment = story.Gateway.Get<DuoEnrolment>();
        Assert.Equal(2, (await enrolment.BeginAsync(story.Ann.Id, DuoGateway.Session, DuoBench.Here, Cancellation)).Value!.Devices.Count);
        var trial = (await enrolment.PushAsync(story.Ann.Id, DuoGateway.Session, "DPTABLET", DuoBench.Here)).Value!;
        var push = await story.ArrivedAsync();
        Assert.Equal("DPTABLET", push.Device.Id);
        push.Reply(PhoneAnswer.Approve);
        await trial.Ended.WaitAsync(TimeSpan.FromSeconds(60), Cancellation);
        Assert.Null((await story.Gateway.Get<IFactorEnrolment>().ConfirmDuoAsync(story.Ann.Id, DuoGateway.Session, null, "ann", Cancellation)).Refusal);
        var account = await story.Gateway.Get<DuoAccounts>().FindAsync(story.Ann.Id, Cancellation);
        Assert.Equal(("DPTABLET", "Tablet"), (account!.Device, account.Name));
        var changed = Assert.Single(await story.Gateway.AuditAsync(), record => record.Event.Type == AuditTypes.FactorDeviceChanged).Event.Facts;
        Assert.Equal(("DPTABLET", push.Txid), (changed["device"], changed["txid"]));
    }

    [Fact]
    public async Task It_is_renamed_and_removed_like_any_factor_and_then_asks_nobody()
    {
        await using var story = await DuoGateway.StartAsync();
        using var ann = await Visitor.SignedInAsync(story.Gateway, story.Ann);
        var id = (await ann.GetApiAsync("factors")).Json.EnumerateArray().Single(one => one.GetProperty("kind").GetString() == "duo-push").GetProperty("id").GetString();
        Assert.Equal("Work phone", (await ann.ApiAsync(HttpMethod.Patch, $"factors/{id}", """{"name":"Work phone"}""")).Json.GetProperty("name").GetString());
        Assert.Equal("Work phone", (await story.Gateway.Get<DuoAccounts>().FindAsync(story.Ann.Id, Cancellation))!.Name);
        Assert.Equal(200, (await ann.ApiAsync(HttpMethod.Delete, $"factors/{id}", null)).Status);
        Assert.DoesNotContain(FactorKind.DuoPush, story.Ann.Principal.Factors);
        await story.EnrolAsync(story.Ann);
        await story.Gateway.Get<IFactorEnrolment>().ResetAsync("ann", "root", Cancellation);
        Assert.Empty(story.Ann.Principal.Factors);
    }

    [Fact]
    public async Task A_gateway_without_the_section_has_no_Duo_at_all()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var person = await gateway.AddPersonAsync();
        using var ann = await Visitor.SignedInAsync(gateway, person);
        Assert.Equal(404, (await ann.PostAsync("duo", new { })).Status);
        Assert.Empty(gateway.App.Services.GetService(typeof(IEnumerable<Enforcement.IPrompt>)) as IEnumerable<Enforcement.IPrompt> ?? []);
        Assert.DoesNotContain("Duo", (await VisitAsync(gateway, person, "/two-step")).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_pages_lead_through_it_without_a_script_and_show_the_number_of_a_Verified_Push()
    {
        await using var story = await DuoGateway.StartAsync(enrolled: false);
        story.Duo.AddUser("ann").VerifiedPush = true;
        using var ann = new Visitor(story.Gateway);
        await ann.BrowseAsync(story.Ann);
        Assert.Equal(302, (await ann.SubmitAsync("/two-step", "/two-step/duo?handler=Begin", [])).Status);
        Assert.Contains("Send a push to", (await ann.GetAsync("/two-step/duo")).Body, StringComparison.Ordinal);
        Assert.Equal(302, (await ann.SubmitAsync("/two-step/duo", "/two-step/duo?handler=Push", new() { ["device"] = story.Duo.Users["ann"].Devices[0].Id })).Status);
        var push = await story.ArrivedAsync();
        await push.Watched.WaitAsync(TimeSpan.FromSeconds(60), Cancellation);
        var waiting = (await ann.GetAsync("/two-step/duo")).Body;
        Assert.Contains($">{push.Code}</p>", waiting, StringComparison.Ordinal);
        Assert.Contains("http-equiv=\"refresh\"", waiting, StringComparison.Ordinal);
        var trial = await story.TrialAsync(story.Ann);
        push.TypeCode(push.Code!);
        await trial.Ended.WaitAsync(TimeSpan.FromSeconds(60), Cancellation);
        var finished = await ann.SubmitAsync("/two-step/duo", "/two-step/duo?handler=Finish", new() { ["name"] = "Phone" });
        Assert.Equal(200, finished.Status); // with the recovery codes, of which there were none
        Assert.Contains("Recovery codes", finished.Body, StringComparison.Ordinal);
        Assert.Contains("Duo account ann", (await ann.GetAsync("/security")).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_first_factor_may_be_Duo_and_then_a_password_alone_opens_nothing_but_a_passcode_does()
    {
        await using var story = await DuoGateway.StartAsync(app: false, enrolled: false);
        story.Duo.AddUser("ann").Passcodes.UnionWith(["123456", "7654321"]);
        using var ann = await Visitor.SignedInAsync(story.Gateway, story.Ann);
        var device = (await ann.PostAsync("duo", new { })).Json.GetProperty("devices")[0].GetProperty("id").GetString();
        await ann.PostAsync("duo/push", new { device });
        var trial = await story.TrialAsync(story.Ann);
        (await story.ArrivedAsync()).Reply(PhoneAnswer.Approve);
        await trial.Ended.WaitAsync(TimeSpan.FromSeconds(60), Cancellation);
        var added = await ann.PostAsync("duo/confirm", new { });
        Assert.Equal(10, added.Json.GetProperty("recoveryCodes").GetArrayLength());

        Assert.Equal(401, (await ann.SignInAsync(story.Ann, null)).Status);
        Assert.Equal(401, (await SignInAsync("999999")).Status);
        Assert.Equal(200, (await SignInAsync("123456")).Status);
        Assert.Equal(401, (await SignInAsync("123456")).Status);
        story.Gateway.Clock.Advance(TimeSpan.FromMinutes(1));
        var again = await SignInAsync("7654321");
        Assert.False(again.Json.GetProperty("mustSetUpSecondFactor").GetBoolean());

        async Task<Api.Answer> SignInAsync(string duoPasscode)
        {
            using var visitor = new Visitor(story.Gateway);
            return await visitor.PostAsync("session", new { user = "ann", password = TestPerson.Password, duoPasscode });
        }
    }

    private static async Task<Api.Answer> VisitAsync(GatewayFixture gateway, TestPerson person, string path)
    {
        using var visitor = new Visitor(gateway);
        gateway.Clock.Advance(TimeSpan.FromSeconds(30));
        await visitor.BrowseAsync(person);
        return await visitor.GetAsync(path);
    }
}
