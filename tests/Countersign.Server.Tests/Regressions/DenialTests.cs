using System.Collections.Concurrent;
using Countersign.Core.Identities;
using Countersign.Core.Policies;
using Countersign.Server.Enforcement;
using Countersign.Server.People;
using Countersign.Server.Tests.Fakes;
using Countersign.Server.Tests.Fixtures;
using Countersign.Server.Transports;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using static Countersign.Server.Tests.Regressions.RawConnection;

namespace Countersign.Server.Tests.Regressions;

/// <summary>What a denial says, what it gives away, and what it leaves of the person's stored password.</summary>
[Trait("Category", "slow")]
public sealed class DenialTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public async Task A_stored_token_survives_every_denial_and_only_a_wrong_one_is_erased(int protocol)
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        var bare = await gateway.AddPersonAsync("bare", factor: false);
        await gateway.AddRepositoryAsync();
        foreach (var (person, repository, what) in new[] { (ann, "ACME/core", "deny"), (ann, "ACME/core", "time-out"), (ann, "ACME/none", ""), (bare, "ACME/core", "") })
        {
            foreach (var command in new[] { "ls-remote", "push" })
            {
                var git = await StoredAsync(gateway, person.Name, person.Token, protocol);
                await git.SucceedAsync("init", "-q", "-b", "main");
                await git.CommitAsync("x.txt", "x");
                var url = $"{gateway.Url}/scm/{repository}.git";
                var running = command == "push" ? git.StartAsync("push", url, "main:new") : git.StartAsync("ls-remote", url);
                if (what == "deny")
                {
                    await ann.DenyNextAsync();
                }
                else if (what == "time-out")
                {
                    await ann.NextRequestAsync();
                    gateway.Clock.Advance(TimeSpan.FromSeconds(50));
                }

                var result = await running.Completion;
                Assert.True(result.ExitCode != 0, $"{what} {command}: {result.Error}");
                Assert.Contains(person.Token, await File.ReadAllTextAsync(Path.Combine(git.Folder, "store"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
                Assert.DoesNotContain(person.Token, result.Error + result.Output, StringComparison.Ordinal);
                gateway.Clock.Advance(TimeSpan.FromMinutes(20));
            }
        }

        var wrong = await StoredAsync(gateway, "ann", "csn_wrong", protocol);
        Assert.NotEqual(0, (await wrong.RunAsync("ls-remote", $"{gateway.Url}/scm/ACME/core.git")).ExitCode);
        Assert.DoesNotContain("csn_wrong", await File.ReadAllTextAsync(Path.Combine(wrong.Folder, "store"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
        await gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task A_repository_that_may_not_be_seen_is_answered_exactly_like_one_that_is_not_there()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var eve = await gateway.AddPersonAsync("eve", Role.None);
        await gateway.AddRepositoryAsync("real");
        var zero = new string('0', 40);
        var push = Packet($"{zero} {new string('1', 40)} refs/heads/x\0report-status side-band-64k") + "0000PACK";
        foreach (var version in new[] { "", "Git-Protocol: version=1\r\n", "Git-Protocol: version=2\r\n" })
        {
            foreach (var agent in new[] { "", "User-Agent: git/2.39.5\r\n", "User-Agent: JGit/6.7\r\n" })
            {
                foreach (var authorization in new[] { "", Basic(eve), BasicOf("eve", "wrong") })
                {
                    var headers = version + agent + authorization;
                    foreach (var ask in new Func<string, string>[]
                    {
                        path => Get($"{path}/info/refs?service=git-upload-pack", headers),
                        path => Get($"{path}/info/refs?service=git-receive-pack", headers),
                        path => Post(path, "git-upload-pack", headers, version.Contains('2', StringComparison.Ordinal) ? "0014command=ls-refs\n0000" : Packet($"want {zero[1..]}1 \n") + "00000009done\n"),
                        path => Post(path, "git-receive-pack", headers, push),
                    })
                    {
                        var hidden = await AskAsync(gateway, ask("/scm/ACME/real.git"));
                        var missing = await AskAsync(gateway, ask("/scm/ACME/none.git"));
                        var elsewhere = await AskAsync(gateway, ask("/scm/NONE/real.git"));
                        Assert.Equal(Plain(missing), Plain(hidden));
                        Assert.Equal(Plain(missing), Plain(elsewhere));
                    }
                }
            }
        }

        await gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task Who_has_no_password_is_not_sent_to_a_page_that_asks_for_one()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var cancellation = TestContext.Current.CancellationToken;
        await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        var robot = (await gateway.Get<IPeople>().AddAsync("robot", "robot@example.org", null, false, "test", cancellation)).Value!;
        Assert.Null((await gateway.Get<IWorkspaces>().AddMemberAsync("ACME", "robot", Role.Write, accepted: true, "test", cancellation)).Refusal);
        var token = (await gateway.Get<IAccessTokens>().AddAsync(robot.Id, "laptop", 30, "test", cancellation)).Value.Secret;
        var git = new GitClient(Path.Combine(gateway.Folder.FullName, "work"), 2);
        var result = await git.RunAsync("ls-remote", $"http://robot:{token}@localhost:{gateway.Options.Http.Port}/scm/ACME/core.git");
        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains("You have no password here to set it up with. Ask an administrator to run", result.Shown, StringComparison.Ordinal);
        Assert.Contains("countersign factor add-totp for you", result.Shown, StringComparison.Ordinal);
        Assert.DoesNotContain("/security", result.Shown, StringComparison.Ordinal);
        await gateway.AssertInvariantsAsync();
    }

    [Fact]
    public void Every_refusal_is_short_plain_text_and_carries_nothing_of_the_client()
    {
        var text = new RefusalText(new() { Data = "/", Http = new(System.Net.IPAddress.Loopback, 1), Url = new("https://git.example.org") }, new FakePeople(TimeProvider.System));
        Assert.True(Core.Git.RepositoryPath.TryParse("ACME/core", out var path));
        Assert.True(Core.Challenges.ChallengeId.TryParse("WDJB-MJHT", out var id));
        foreach (var service in new[] { Core.Git.GitService.UploadPack, Core.Git.GitService.ReceivePack })
        {
            var request = new CommandRequest(new(Guid.Empty), "ann", new("id", "evil\u001b[31m"), new(service, path), ClientAddress.Unknown, null, "evil\u001b[31m");
            foreach (var code in Enum.GetValues<ReasonCode>())
            {
                foreach (var line in text.Lines(request, new(new(code, "main-is-closed"), id, TimeSpan.FromSeconds(900))))
                {
                    Assert.True(line.Length <= 72 || line.Contains("https://", StringComparison.Ordinal), $"{code}: {line.Length} {line}");
                    Assert.DoesNotContain("evil", line, StringComparison.Ordinal);
                    Assert.All(line, letter => Assert.InRange(letter, ' ', '~'));
                    Assert.DoesNotContain('!', line);
                }
            }
        }
    }

    [Fact]
    public async Task A_hostile_client_cannot_paint_on_anybodys_terminal_or_log_and_no_secret_is_written_down()
    {
        var lines = new ConcurrentQueue<string>();
        await using var gateway = await GatewayFixture.StartAsync(
            settings: new() { ["Logging:LogLevel:Default"] = "Trace", ["Logging:Console:LogLevel:Default"] = "None" },
            replace: services => services.AddSingleton<ILoggerProvider>(new Recorder(lines)));
        var ann = await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        const string Evil = "User-Agent: git/2.39.5 \x1b[2J\x1b]0;x\x07 \xe2\x80\xae\r\n";
        await AskToTheEndAsync(gateway, Get("/scm/ACME/core.git/info/refs?service=git-receive-pack", Evil + Basic(ann) + "Connection: close\r\n"));
        using var held = await RawConnection.OpenAsync(gateway);
        await held.SendAsync(Get("/scm/ACME/core.git/info/refs?service=git-receive-pack", Evil.Replace("git/", "evil/", StringComparison.Ordinal) + Basic(ann)));
        var request = await ann.NextRequestAsync();
        Assert.DoesNotContain(request.UserAgent, char.IsControl);
        var code = ann.FreshCode();
        await gateway.Get<Approvals>().ApproveAsync(ann.Principal, request.Id, new(null, code, null, null), TestContext.Current.CancellationToken);
        Assert.Equal(200, (await held.ReadAnswerAsync()).Status);
        var git = new GitClient(Path.Combine(gateway.Folder.FullName, "work"));
        gateway.Clock.Advance(TimeSpan.FromMinutes(11)); // an approved push covers reads of its repository for a while
        var clone = git.StartAsync("clone", $"{gateway.Url.Replace("://", $"://ann:{ann.Token}@", StringComparison.Ordinal)}/scm/ACME/core.git", "c");
        await ann.ApproveNextAsync();
        Assert.Equal(0, (await clone.Completion).ExitCode);
        await AskAsync(gateway, Get("/scm/ACME/core.git/info/refs?service=git-upload-pack", BasicOf("ann", TestPerson.Password)));
        await AskAsync(gateway, Get("/scm/ACME/core.git/info/refs?service=git-upload-pack", BasicOf(ann.Token, "x")));

        var log = string.Join('\n', lines);
        var export = string.Join('\n', (await gateway.AuditAsync()).SelectMany(record => record.Event.Facts.Values.Append(record.Event.Actor)));
        foreach (var secret in ann.Secrets.Append(code).Append(Basic(ann).Split(' ')[^1].Trim()))
        {
            Assert.DoesNotContain(secret, log, StringComparison.Ordinal);
            Assert.DoesNotContain(secret, export, StringComparison.Ordinal);
        }

        Assert.DoesNotContain(export, letter => char.IsControl(letter) && letter != '\n');
        await gateway.AssertInvariantsAsync();
    }

    /// <summary>Everything but the name, the date and the random key of a redirect.</summary>
    private static string Plain(RawAnswer answer)
    {
        var headers = answer.Headers.Where(header => header.Name != "Date").Select(header => header.Name == "Location" ? "Location" : $"{header.Name}: {header.Value}");
        var names = new[] { "ACME/real", "ACME/none", "NONE/real" };
        return $"{answer.Status} {string.Join('|', headers)} {names.Aggregate(answer.Body, (body, name) => body.Replace(name, "KEY/name", StringComparison.Ordinal))}";
    }

    private static async Task<GitClient> StoredAsync(GatewayFixture gateway, string name, string token, int protocol)
    {
        var folder = gateway.Folder.CreateSubdirectory(Path.GetRandomFileName()).FullName;
        var store = Path.Combine(folder, "store");
        await File.WriteAllTextAsync(store, $"http://{name}:{token}@localhost%3a{gateway.Options.Http.Port}\n", TestContext.Current.CancellationToken);
        return new(folder, protocol, new Dictionary<string, string>
        {
            ["GIT_CONFIG_COUNT"] = "1", ["GIT_CONFIG_KEY_0"] = "credential.helper", ["GIT_CONFIG_VALUE_0"] = $"store --file={store}",
        });
    }

    private sealed class Recorder(ConcurrentQueue<string> lines) : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            lines.Enqueue(formatter(state, exception) + exception);

        public void Dispose()
        {
        }
    }
}
