using System.Net.Sockets;
using System.Text.Json;
using Countersign.Core.Challenges;
using Countersign.Server.Api;
using Countersign.Server.Cli;
using Countersign.Server.Tests.Api;
using Countersign.Server.Tests.Fakes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;

namespace Countersign.Server.Tests.Cli;

/// <summary>The commands over the administration socket, end to end.</summary>
public sealed class AdministrationTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    private Task<(int Exit, string Out, string Error)> RunAsync(string words, string input = "") =>
        CommandLineTests.RunAsync([.. words.Split(' '), "--data", api.Data], input);

    [Fact]
    public async Task A_person_is_added_shown_and_disabled()
    {
        Assert.Equal((0, "added ida\n", ""), await RunAsync("user add ida --email ida@example.org --password-stdin", "a long password\n"));
        Assert.Equal(Caller.LocalAdministrator, api.People.LastActor);
        var (exit, output, error) = await RunAsync("user add ida --email ida@example.org");
        Assert.Equal((1, "", "countersign: That name is taken.\n"), (exit, output, error));
        Assert.Contains("ida@example.org", (await RunAsync("user list")).Out, StringComparison.Ordinal);
        Assert.Equal((0, "ida is disabled\n", ""), await RunAsync("user disable ida"));
        Assert.Contains("disabled", (await RunAsync("user show ida")).Out, StringComparison.Ordinal);
        Assert.Equal((1, "", "countersign: There is no such person.\n"), await RunAsync("user disable nobody"));
    }

    [Fact]
    public async Task An_access_token_stands_alone_on_standard_output()
    {
        api.People.Add("jan");
        var (exit, output, error) = await RunAsync("token add jan --label laptop --days 3");
        Assert.Equal((0, FakePeople.Secret + "\n"), (exit, output));
        Assert.DoesNotContain(FakePeople.Secret, error, StringComparison.Ordinal);
        Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal((0, "otpauth://totp/x?secret=ABC\n", ""), await RunAsync("factor add-totp jan"));
    }

    [Fact]
    public async Task JSON_is_what_the_API_answers()
    {
        api.People.Add("kim", kinds: FactorKind.Totp);
        var (exit, output, _) = await RunAsync("user show kim --json");
        Assert.Equal(0, exit);
        Assert.Equal("kim", JsonElement.Parse(output).GetProperty("name").GetString());
        Assert.Equal("totp", JsonElement.Parse(output).GetProperty("factors")[0].GetProperty("kind").GetString());
    }

    [Fact]
    public async Task Names_cannot_leave_their_place_in_an_address() =>
        Assert.Equal(1, (await RunAsync("user show ../policy")).Exit);

    [Fact]
    public async Task Workspaces_repositories_requests_and_policy_are_there()
    {
        api.People.Add("lea");
        api.Waiting("lea");
        Assert.Equal((0, "added LAB\n", ""), await RunAsync("workspace add LAB --mode report"));
        Assert.Contains("report", (await RunAsync("workspace list")).Out, StringComparison.Ordinal);
        Assert.Equal((0, "lea is a member (write)\n", ""), await RunAsync("member add LAB lea --role write --accepted"));
        Assert.Equal((0, "added LAB/core: git clone https://git.example.org/scm/LAB/core.git\n", ""), await RunAsync("repo add LAB/core"));
        Assert.Contains("LAB/core", (await RunAsync("repo list")).Out, StringComparison.Ordinal);
        Assert.Contains("push ACME/core", (await RunAsync("request list")).Out, StringComparison.Ordinal);
        Assert.Contains("refs/heads/main", (await RunAsync("request show WDJB-MJHT")).Out, StringComparison.Ordinal);
        Assert.Equal((0, "mode: enforce\n", ""), await RunAsync("policy show"));
        Assert.Contains("running at https://git.example.org", (await RunAsync("doctor")).Out, StringComparison.Ordinal);
        Assert.Equal((0, "note\n", ""), await RunAsync("audit checkpoint"));
        var explained = await RunAsync("policy explain --as lea --op read --repo LAB/core");
        Assert.Equal(0, explained.Exit);
        Assert.StartsWith("deny: ", explained.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_local_administrator_is_nobody_who_could_approve()
    {
        using var client = new AdminClient(api.Data);
        var reply = await client.SendAsync(HttpMethod.Post, "requests/WDJB-MJHT/approve", new { totp = "123456" }, TestContext.Current.CancellationToken);
        Assert.Equal(403, reply.Status);
        Assert.Equal("person_required", reply.Json.GetProperty("code").GetString());
    }

    [Fact]
    public void Only_its_owner_can_open_the_socket()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Unix modes");
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(api.Data, "admin.sock")));
        }
    }

    [Fact]
    public void A_second_gateway_on_the_same_folder_is_refused() =>
        Assert.Contains("another gateway is running", Assert.Throws<StartupException>(() => Configure(api.Data)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_socket_that_was_left_behind_is_replaced()
    {
        var folder = Directory.CreateTempSubdirectory("countersign-stale-");
        try
        {
            var path = Path.Combine(folder.FullName, "admin.sock");
            using (var left = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
            {
                left.Bind(new UnixDomainSocketEndPoint(path));
                left.Close();
            }

            File.WriteAllText(path + ".keep", "");
            Configure(folder.FullName);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void A_path_that_no_socket_can_have_is_refused() =>
        Assert.Contains("too long", Assert.Throws<StartupException>(() => Configure("/tmp/" + new string('x', 120))).Message, StringComparison.Ordinal);

    private static void Configure(string data)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.ConfigureKestrel(kestrel => AdminSocket.Configure(kestrel, Path.Combine(data, "admin.sock")));
        using var app = builder.Build();
        app.StartAsync().GetAwaiter().GetResult();
        app.StopAsync().GetAwaiter().GetResult();
    }
}
