using Countersign.Demo;
using Countersign.Server.Factors.DuoPush;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Countersign.Server.Tests.Duo;

/// <summary>The product's client against the simulator, when Duo behaves.</summary>
public sealed class DuoClientTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    public async Task A_push_is_sent_shown_and_approved(int version)
    {
        await using var bench = await DuoBench.StartAsync(version);
        var push = await bench.PushAsync();
        var waiting = bench.WaitAsync(push);
        var arrived = await bench.ArrivedAsync();
        Assert.Equal(("ann", "Git push", "203.0.113.9", "iPhone"), (arrived.DisplayName, arrived.Type, arrived.Address, push.Device));
        Assert.Equal([("Repository", "ACME/core"), ("From", "203.0.113.9")], arrived.Info);
        Assert.False(waiting.IsCompleted);
        arrived.Reply(PhoneAnswer.Approve);
        Assert.Equal(new DuoOutcome(DuoVerdict.Allowed, false, "Success. Logging you in..."), await waiting);
        Assert.All(bench.Duo.Calls.Where(call => call.Path != "/auth/v2/ping"), call => Assert.Equal(version, call.Version));
        var preauth = Assert.Single(bench.Duo.Calls, call => call.Path == "/auth/v2/preauth");
        Assert.Equal(("1", "203.0.113.9"), (preauth.Parameters["client_supports_verified_push"], preauth.Parameters["ipaddr"]));
    }

    [Fact]
    public async Task HTTP_2_is_spoken_where_it_is_offered()
    {
        await using var bench = await DuoBench.StartAsync();
        await bench.PushAsync();
        Assert.All(bench.Duo.Calls, call => Assert.Equal("HTTP/2", call.Protocol));
    }

    [Theory]
    [InlineData(PhoneAnswer.Deny, DuoVerdict.Declined)]
    [InlineData(PhoneAnswer.Fraud, DuoVerdict.Fraud)]
    [InlineData(PhoneAnswer.Timeout, DuoVerdict.TimedOut)]
    [InlineData(PhoneAnswer.LockedOut, DuoVerdict.Refused)]
    public async Task What_is_answered_on_the_phone_is_what_is_heard(object answer, object verdict)
    {
        await using var bench = await DuoBench.StartAsync();
        var waiting = bench.WaitAsync(await bench.PushAsync());
        (await bench.ArrivedAsync()).Reply((PhoneAnswer)answer);
        Assert.Equal((DuoVerdict)verdict, (await waiting).Verdict);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_Verified_Push_tells_its_number_once_and_counts_as_typed(bool inPreauth)
    {
        await using var bench = await DuoBench.StartAsync();
        (bench.Ann.VerifiedPush, bench.Ann.CodeInPreauth) = (true, inPreauth);
        var codes = new List<string>();
        var push = await bench.PushAsync();
        var waiting = bench.WaitAsync(push, codes);
        var arrived = await bench.ArrivedAsync();
        Assert.Equal(push.Txid, arrived.Txid);
        await arrived.Watched.WaitAsync(TimeSpan.FromSeconds(60), Cancellation); // by then the first text was read
        Assert.Equal([arrived.Code!], codes);
        arrived.TypeCode(arrived.Code!);
        var outcome = await waiting;
        Assert.Equal((DuoVerdict.Allowed, true), (outcome.Verdict, outcome.CodeTyped));
    }

    [Fact]
    public async Task A_wrong_number_typed_in_Duo_Mobile_denies()
    {
        await using var bench = await DuoBench.StartAsync();
        bench.Ann.VerifiedPush = true;
        var waiting = bench.WaitAsync(await bench.PushAsync());
        (await bench.ArrivedAsync()).TypeCode("0");
        Assert.Equal(DuoVerdict.Declined, (await waiting).Verdict);
    }

    [Fact]
    public async Task A_chosen_device_gets_the_push_and_the_first_that_can_where_it_is_gone()
    {
        await using var bench = await DuoBench.StartAsync();
        bench.Ann.Devices.Insert(0, new("DPTOKEN", "Token", "mobile_otp"));
        bench.Ann.Devices.Add(new("DPTABLET", "Tablet", "push"));
        var chosen = await bench.Pushes.SendAsync("ann", DuoBench.Here, new("DPTABLET", "My tablet"), DuoBench.Message, Cancellation);
        Assert.Equal(("My tablet", "DPTABLET"), (chosen.Value!.Device, (await bench.ArrivedAsync()).Device.Id));
        var gone = await bench.Pushes.SendAsync("ann", DuoBench.Here, new("DPLOST", "Lost"), DuoBench.Message, Cancellation);
        Assert.Equal(("iPhone", "DPFZRS9FB0D46QFTM891"), (gone.Value!.Device, (await bench.ArrivedAsync()).Device.Id));
    }

    [Fact]
    public async Task A_device_that_is_to_show_whose_it_is_gets_the_push_or_none_does()
    {
        await using var bench = await DuoBench.StartAsync();
        var (push, why) = await bench.Pushes.SendAsync("ann", DuoBench.Here, new("DPLOST", "Lost", OrAnother: false), DuoBench.Message, Cancellation);
        Assert.Null(push);
        Assert.Equal(DuoPushes.DeviceGone, why);
        Assert.Empty(bench.Duo.Pushes);
    }

    [Theory]
    [InlineData("Please enter verification code 376 into Duo Mobile...", "376")]
    [InlineData("Please enter verification code 482913 into Duo Mobile...", "482913")]
    [InlineData("Verification code: 376", "376")]
    [InlineData("Pushed a login request to your phone (XXX-XXX-0100)...", null)]
    [InlineData("Pushed a login request to your phone ending in 376...", null)]
    [InlineData("You have 376 requests waiting", null)]
    [InlineData("Your code is 376", null)]
    [InlineData("Please enter verification code 376 into Duo Mobile 4", null)]
    [InlineData("Phone 0100: please enter verification code 376 into Duo Mobile...", null)]
    [InlineData("Please enter verification code 376 or verification code 377", null)]
    [InlineData("Please enter verification code 37 into Duo Mobile...", null)]
    [InlineData("Please enter verification code 3761234 into Duo Mobile...", null)]
    [InlineData("Please enter verification code 376-12 into Duo Mobile...", null)]
    [InlineData("Please enter verification code 376a into Duo Mobile...", null)]
    [InlineData("Please enter verification code \u0663\u0667\u0666 into Duo Mobile...", null)]
    [InlineData("Please enter verification code 376 into Duo Mobile \u0663", null)]
    [InlineData("Please enter the noverification code 376", null)]
    [InlineData("", null)]
    public void A_number_is_a_verification_code_only_where_Duo_calls_it_one_and_says_no_other(string text, string? code)
    {
        Assert.Equal(code, DuoText.CodeIn(text));
        Assert.Null(DuoText.CodeIn(DuoText.Line("Please enter verification code 376 " + text.PadRight(200, 'x')))); // cut: nobody knows what followed
    }

    [Theory]
    [InlineData("api-1234abcd.duosecurity.com", true)]
    [InlineData("API-1234ABCD.DuoFederal.com:443", true)]
    [InlineData("127.0.0.1", false)]
    [InlineData("169.254.169.254", false)]
    [InlineData("localhost:8443", false)]
    [InlineData("duo.localhost", false)]
    [InlineData("duo.example.org", false)]
    [InlineData("api-1234abcd.duosecurity.com.example.org", false)]
    [InlineData("notduosecurity.com", false)]
    public async Task A_host_that_is_not_Duos_is_refused_unless_an_authority_of_its_own_vouches_for_it(string host, bool isDuos)
    {
        await using var simulator = await DuoSimulator.StartAsync(TimeProvider.System);
        var folder = Directory.CreateTempSubdirectory("countersign-duo-");
        try
        {
            var settings = simulator.Settings(folder.FullName);
            settings["Factors:DuoPush:Host"] = host;
            Assert.Equal(host, Read(settings).Host);
            settings.Remove("Factors:DuoPush:CaFile");
            if (isDuos)
            {
                Assert.Equal(host, Read(settings).Host);
            }
            else
            {
                Assert.Contains("Factors:DuoPush:Host is not Duo's", Assert.Throws<OptionsValidationException>(() => Read(settings)).Message, StringComparison.Ordinal);
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        static DuoPushOptions Read(Dictionary<string, string?> settings)
        {
            var configuration = new ConfigurationBuilder().AddInMemoryCollection(settings).Build();
            using var services = new ServiceCollection().AddSingleton<IConfiguration>(configuration).AddDuoPush(configuration).BuildServiceProvider();
            return services.GetRequiredService<IOptions<DuoPushOptions>>().Value;
        }
    }

    [Theory]
    [InlineData(SimulatedAccess.Bypass, "without asking")]
    [InlineData(SimulatedAccess.Deny, "Your account is disabled")]
    [InlineData(SimulatedAccess.Enrol, "not enrolled")]
    public async Task Whoever_Duo_does_not_want_to_ask_is_not_asked_and_not_let_in(object access, string why)
    {
        await using var bench = await DuoBench.StartAsync();
        bench.Ann.Access = (SimulatedAccess)access;
        var (push, said) = await bench.Pushes.SendAsync("ann", DuoBench.Here, new(null, ""), DuoBench.Message, Cancellation);
        Assert.Null(push);
        Assert.Contains(why, said, StringComparison.Ordinal);
        Assert.DoesNotContain(bench.Duo.Calls, call => call.Path == "/auth/v2/auth");
    }

    [Fact]
    public async Task A_clock_ten_minutes_off_is_measured_and_a_jump_later_is_measured_again()
    {
        await using var bench = await DuoBench.StartAsync();
        bench.Duo.ClockOffset = TimeSpan.FromMinutes(10);
        await bench.PushAsync();
        bench.Duo.ClockOffset = TimeSpan.FromMinutes(-20);
        await bench.PushAsync();
        Assert.Equal(2, bench.Duo.Calls.Count(call => call.Path == "/auth/v2/ping"));
        bench.Clock.Advance(TimeSpan.FromMinutes(61));
        await bench.PushAsync();
        Assert.Equal(3, bench.Duo.Calls.Count(call => call.Path == "/auth/v2/ping"));
    }

    [Fact]
    public async Task A_cut_poll_is_asked_again_and_the_push_goes_on()
    {
        await using var bench = await DuoBench.StartAsync();
        bench.Duo.Play("auth_status", SimulatedAnswer.Cut(SimulatedAnswer.Allow()), SimulatedAnswer.Status(500));
        var push = await bench.PushAsync();
        (await bench.ArrivedAsync()).Reply(PhoneAnswer.Approve);
        Assert.Equal(DuoVerdict.Allowed, (await bench.OverPausesAsync(() => bench.WaitAsync(push))).Verdict);
    }

    [Fact]
    public async Task Too_many_requests_are_waited_out_and_sent_once()
    {
        await using var bench = await DuoBench.StartAsync();
        bench.Duo.Play("auth",
            SimulatedAnswer.Busy(), SimulatedAnswer.Busy("3"), SimulatedAnswer.Busy(bench.Clock.GetUtcNow().AddSeconds(20).ToString("r", System.Globalization.CultureInfo.InvariantCulture)));
        await bench.OverPausesAsync(bench.PushAsync);
        Assert.Single(bench.Duo.Pushes);
        Assert.False(bench.Breaker.IsOpen);
    }

    [Fact]
    public async Task Whoever_is_told_to_wait_longer_than_half_a_minute_gives_up_at_once()
    {
        await using var bench = await DuoBench.StartAsync();
        bench.Duo.Play("preauth", SimulatedAnswer.Busy("33"));
        var (push, why) = await bench.Pushes.SendAsync("ann", DuoBench.Here, new(null, ""), DuoBench.Message, Cancellation);
        Assert.Null(push);
        Assert.Equal(DuoAuthApi.NoAnswer, why);
    }

    [Fact]
    public async Task Too_many_requests_for_too_long_are_given_up()
    {
        await using var bench = await DuoBench.StartAsync();
        bench.Duo.Play("preauth", [.. Enumerable.Repeat(SimulatedAnswer.Busy(), 10)]);
        var (push, _) = await bench.OverPausesAsync(async () => await bench.Pushes.SendAsync("ann", DuoBench.Here, new(null, ""), DuoBench.Message, Cancellation));
        Assert.Null(push);
        Assert.Equal(7, bench.Duo.Calls.Count(call => call.Path == "/auth/v2/preauth")); // after 1, 2, 4, 8, 16 and 32 s
    }

    [Fact]
    public async Task A_Duo_that_fails_is_left_alone_for_half_a_minute_and_then_tried_by_one()
    {
        await using var bench = await DuoBench.StartAsync();
        bench.Duo.Play("preauth", [.. Enumerable.Repeat(SimulatedAnswer.Status(500), DuoBreaker.Failures + 1)]);
        for (var failure = 0; failure < DuoBreaker.Failures; failure++)
        {
            Assert.Equal(DuoAuthApi.NoAnswer, (await bench.Api.PreauthAsync("ann", DuoBench.Here, Cancellation)).Why);
        }

        Assert.True(bench.Breaker.IsOpen);
        var calls = bench.Duo.Calls.Count;
        Assert.Equal(DuoAuthApi.NoAnswer, (await bench.Api.PreauthAsync("ann", DuoBench.Here, Cancellation)).Why);
        Assert.Equal(calls, bench.Duo.Calls.Count);

        bench.Clock.Advance(DuoBreaker.Rest);
        Assert.Null((await bench.Api.PreauthAsync("ann", DuoBench.Here, Cancellation)).Value); // still down: left alone again
        Assert.Equal(calls + 1, bench.Duo.Calls.Count);
        Assert.Null((await bench.Api.PreauthAsync("ann", DuoBench.Here, Cancellation)).Value);
        Assert.Equal(calls + 1, bench.Duo.Calls.Count);

        bench.Clock.Advance(DuoBreaker.Rest);
        Assert.NotNull((await bench.Api.PreauthAsync("ann", DuoBench.Here, Cancellation)).Value);
        Assert.False(bench.Breaker.IsOpen);
    }

    [Fact]
    public async Task Nobody_waits_longer_than_a_push_may_take()
    {
        await using var bench = await DuoBench.StartAsync(settings: (settings, _) => settings["Factors:DuoPush:PushSeconds"] = "30");
        var push = await bench.PushAsync();
        var armed = bench.Clock.WhenArmedAsync(TimeSpan.FromSeconds(29), TimeSpan.FromSeconds(30));
        var waiting = bench.WaitAsync(push);
        await armed;
        bench.Clock.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(DuoVerdict.TimedOut, (await waiting).Verdict);
    }

    [Fact]
    public async Task Whoever_stops_waiting_stops_asking()
    {
        await using var bench = await DuoBench.StartAsync();
        var push = await bench.PushAsync();
        using var gone = new CancellationTokenSource();
        var waiting = bench.Pushes.WaitAsync(push, _ => Task.CompletedTask, gone.Token);
        await bench.ArrivedAsync();
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        Assert.False(bench.Breaker.IsOpen);
    }

    [Fact]
    public async Task Ten_thousand_polls_are_not_made_where_Duo_says_waiting_at_once_for_ever()
    {
        await using var bench = await DuoBench.StartAsync();
        bench.Duo.Play("auth_status", [.. Enumerable.Repeat(SimulatedAnswer.Body("""{"stat":"OK","response":{"result":"waiting","status":"pushed"}}"""), 100)]);
        Assert.Equal(DuoVerdict.Waiting, (await bench.WaitAsync(await bench.PushAsync())).Verdict);
        Assert.Equal(20, bench.Duo.Calls.Count(call => call.Path == "/auth/v2/auth_status"));
    }
}
