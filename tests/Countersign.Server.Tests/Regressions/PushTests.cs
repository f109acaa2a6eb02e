using System.Globalization;
using System.IO.Compression;
using System.Text;
using Countersign.Core.Identities;
using Countersign.Server.Audit;
using Countersign.Server.Enforcement;
using Countersign.Server.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using static Countersign.Server.Tests.Regressions.RawConnection;

namespace Countersign.Server.Tests.Regressions;

/// <summary>Pushes written by hand: hiding a ref from the rules, and getting more than was approved.</summary>
[Trait("Category", "slow")]
public sealed class PushTests
{
    private const string Core = "/scm/ACME/core.git";
    private const string Capabilities = "report-status side-band-64k delete-refs ofs-delta";
    private static readonly string Zero = new('0', 40);

    /// <summary>Reads need nothing, so that a push is asked for where its refs are known; main is nobody's.</summary>
    private const string ProtectedMain =
        """
        version: 1
        mode: enforce
        rules:
          - { name: reads, operations: [read], effect: allow }
          - { name: writes, operations: [write], require: { strength: strong } }
          - { name: main-is-closed, operations: [write], refs: [main], effect: deny }
        """;

    private const string OpenReads =
        """
        version: 1
        mode: enforce
        rules:
          - { name: reads, operations: [read], effect: allow }
          - { name: writes, operations: [write], require: { strength: strong } }
        """;

    [Fact]
    public async Task The_protected_ref_is_seen_wherever_it_stands_among_the_others()
    {
        await using var gateway = await GatewayFixture.StartAsync(ProtectedMain);
        var ann = await gateway.AddPersonAsync();
        var core = await gateway.AddRepositoryAsync();
        var tip = (await gateway.TipAsync(core))!;
        string Update(string reference, string old, string @new) => $"{old} {@new} {reference}";
        string[][] pushes =
        [
            [Update("refs/heads/a", Zero, tip), Update("refs/heads/main", tip, Zero)],
            [Update("refs/heads/a", Zero, tip), Update("refs/heads/b", Zero, tip), Update("refs/heads/c", Zero, tip), Update("refs/heads/main", tip, Zero), Update("refs/heads/d", Zero, tip)],
            [$"shallow {tip}", Update("refs/heads/a", Zero, tip), Update("refs/heads/main", tip, Zero)],
            [Update("refs/heads/PACK", Zero, tip), Update("refs/heads/main", tip, Zero)],
        ];
        foreach (var push in pushes)
        {
            var answer = await AskAsync(gateway, Post(Core, "git-receive-pack", Basic(ann), Head(push) + "PACK"));
            Assert.Contains("ng refs/heads/main", answer.Body, StringComparison.Ordinal);
            Assert.Contains("main-is-closed", answer.Body, StringComparison.Ordinal);
        }

        Assert.Equal(tip, await gateway.TipAsync(core));
        Assert.Null(await gateway.TipAsync(core, "refs/heads/a"));
        Assert.DoesNotContain(await gateway.AuditAsync(), record => record.Event.Type == AuditTypes.CommandCompleted);
        await gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task A_push_that_hides_or_doubles_a_ref_is_malformed_and_nothing_is_decided_on_it()
    {
        await using var gateway = await GatewayFixture.StartAsync(OpenReads);
        var ann = await gateway.AddPersonAsync();
        var core = await gateway.AddRepositoryAsync();
        var tip = (await gateway.TipAsync(core))!;
        var before = (await gateway.AuditAsync()).Count;
        var first = $"{Zero} {tip} refs/heads/a\0{Capabilities}\n";
        var second = $"{tip} {Zero} refs/heads/main\n";
        var bodies = new Dictionary<string, string>
        {
            ["a PACK instead of a flush"] = Packet(first) + "PACK" + Packet(second) + "0000",
            ["a delimiter instead of a flush"] = Packet(first) + "0001" + Packet(second) + "0000",
            ["a response end instead of a flush"] = Packet(first) + "0002" + Packet(second) + "0000",
            ["a length of three"] = Packet(first) + "0003" + Packet(second) + "0000",
            ["a length with a sign"] = Packet(first) + "-001" + "0000",
            ["a length with a space"] = Packet(first) + " 05a" + "0000",
            ["a length in other letters"] = "00g5" + first + "0000",
            ["a length beyond a packet's"] = "fff5" + first + "0000",
            ["capabilities on the second ref"] = Packet(first) + Packet($"{tip} {Zero} refs/heads/main\0push-options\n") + "0000",
            ["a second ref behind a zero byte"] = Packet($"{Zero} {tip} refs/heads/a\0{Capabilities}\n{tip} {Zero} refs/heads/main\n") + "0000",
            ["a second ref behind a line feed"] = Packet($"{Zero} {tip} refs/heads/a\n{tip} {Zero} refs/heads/main\0{Capabilities}") + "0000",
            ["one ref twice"] = Packet(first) + Packet($"{Zero} {tip} refs/heads/a\n") + "0000",
            ["a certificate"] = Packet($"push-cert\0{Capabilities}\n") + Packet("certificate version 0.1\n") + Packet(second) + Packet("push-cert-end\n") + "0000",
            ["a certificate behind a ref"] = Packet(first) + Packet("push-cert\n") + Packet(second) + "0000",
            ["shallow lines alone"] = Packet($"shallow {tip}\n") + "0000",
            ["a shallow line behind a ref"] = Packet(first) + Packet($"shallow {tip}\n") + "0000",
            ["nothing to nothing"] = Packet($"{Zero} {Zero} refs/heads/a\0{Capabilities}\n") + "0000",
            ["a short id"] = Packet($"{Zero} {tip[..39]} refs/heads/a\0{Capabilities}\n") + "0000",
            ["a ref outside of refs/"] = Packet($"{Zero} {tip} HEAD\0{Capabilities}\n") + "0000",
            ["a ref with dots"] = Packet($"{Zero} {tip} refs/heads/../../config\0{Capabilities}\n") + "0000",
            ["a ref with an escape"] = Packet($"{Zero} {tip} refs/heads/\u001b[31mred\0{Capabilities}\n") + "0000",
            ["a ref that is not UTF-8"] = Packet($"{Zero} {tip} refs/heads/\u00ff\u00fe\0{Capabilities}\n") + "0000",
            ["an option with a line feed"] = Packet($"{Zero} {tip} refs/heads/a\0push-options {Capabilities}\n") + "0000" + Packet("ci.skip\nreviewer=x\n\n") + "0000",
            ["options that never end"] = Packet($"{Zero} {tip} refs/heads/a\0push-options {Capabilities}\n") + "0000",
            ["an end in the middle"] = Packet(first)[..20],
            ["nothing"] = "",
            ["a web form"] = "service=git-receive-pack",
        };
        foreach (var (trick, body) in bodies)
        {
            var answer = await AskAsync(gateway, Post(Core, "git-receive-pack", Basic(ann), body));
            Assert.True(answer.Status == 400 && answer.Body.StartsWith("Malformed push: ", StringComparison.Ordinal), $"{trick}: {answer}");
            Assert.DoesNotContain(answer.Body, letter => char.IsControl(letter) && letter != '\n');
        }

        Assert.Equal(before, (await gateway.AuditAsync()).Count);
        Assert.Equal(tip, await gateway.TipAsync(core));
        await gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task A_body_that_comes_byte_by_byte_is_read_like_one_that_comes_at_once()
    {
        await using var gateway = await GatewayFixture.StartAsync(ProtectedMain);
        var ann = await gateway.AddPersonAsync();
        var core = await gateway.AddRepositoryAsync();
        var tip = (await gateway.TipAsync(core))!;
        var body = Head($"{Zero} {tip} refs/heads/a", $"{tip} {Zero} refs/heads/main");
        var head = $"POST {Core}/git-receive-pack HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-git-receive-pack-request\r\n{Basic(ann)}Transfer-Encoding: chunked\r\n\r\n";

        using (var slow = await RawConnection.OpenAsync(gateway))
        {
            await slow.SendAsync(head);
            foreach (var letter in body + "PACK")
            {
                await slow.SendAsync(Chunk(letter.ToString()));
            }

            await slow.SendAsync("0\r\n\r\n");
            Assert.Contains("ng refs/heads/main", (await slow.ReadAnswerAsync()).Body, StringComparison.Ordinal);
        }

        for (var cut = 1; cut < body.Length; cut += 7)
        {
            var answer = await AskAsync(gateway, head + Chunk(body[..cut]) + Chunk(body[cut..]) + "0\r\n\r\n");
            Assert.Contains("ng refs/heads/main", answer.Body, StringComparison.Ordinal);
        }

        Assert.Equal(tip, await gateway.TipAsync(core));
        await gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task Compressed_pushes_are_read_like_others_and_a_bomb_is_defused()
    {
        await using var gateway = await GatewayFixture.StartAsync(ProtectedMain, new() { ["Holds:SpoolBytes"] = (1 << 20).ToString(CultureInfo.InvariantCulture) });
        var ann = await gateway.AddPersonAsync();
        var core = await gateway.AddRepositoryAsync();
        var tip = (await gateway.TipAsync(core))!;
        var allowed = Head($"{Zero} {tip} refs/heads/a");

        var hidden = await AskAsync(gateway, Post(Core, "git-receive-pack", Basic(ann) + "Content-Encoding: gzip\r\n", Gzip(Head($"{tip} {Zero} refs/heads/main"))));
        Assert.Contains("ng refs/heads/main", hidden.Body, StringComparison.Ordinal);

        var bomb = await AskAsync(gateway, Post(Core, "git-receive-pack", Basic(ann) + "Content-Encoding: gzip\r\n", Gzip(allowed + new string('\0', 200 << 20))));
        Assert.Contains("does not fit the room", bomb.Body, StringComparison.Ordinal);
        var refs = await AskAsync(gateway, Post(Core, "git-receive-pack", Basic(ann) + "Content-Encoding: gzip\r\n", Gzip(string.Concat(Enumerable.Repeat(Packet($"shallow {tip}\n"), 1_000_000)))));
        Assert.Equal(400, refs.Status);

        foreach (var coding in new[] { "br", "deflate", "zstd", "gzip, gzip", "identity", "gzip\r\nContent-Encoding: gzip" })
        {
            Assert.Equal(415, (await AskAsync(gateway, Post(Core, "git-receive-pack", Basic(ann) + $"Content-Encoding: {coding}\r\n", Gzip(allowed)))).Status);
        }

        foreach (var broken in new[] { "not gzip at all", Gzip(allowed)[..12], Gzip(allowed)[..^30] })
        {
            Assert.Equal(400, (await AskAsync(gateway, Post(Core, "git-receive-pack", Basic(ann) + "Content-Encoding: gzip\r\n", broken))).Status);
        }

        Assert.Null(await gateway.TipAsync(core, "refs/heads/a"));
        await gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task An_approval_of_one_push_does_not_let_another_one_through()
    {
        await using var gateway = await GatewayFixture.StartAsync(OpenReads);
        var ann = await gateway.AddPersonAsync();
        var core = await gateway.AddRepositoryAsync();
        var tip = (await gateway.TipAsync(core))!;

        // Undecided in time, then approved; what comes next is not what was approved.
        using var first = await RawConnection.OpenAsync(gateway);
        await first.SendAsync(Post(Core, "git-receive-pack", Basic(ann), Head($"{Zero} {tip} refs/heads/good") + EmptyPack));
        var approved = await ann.NextRequestAsync();
        await first.ReadUntilAsync(approved.Id.Value);
        first.Dispose();
        using var again = await RawConnection.OpenAsync(gateway);
        await ann.NextAsync(challenge => challenge.Id == approved.Id && challenge.State.IsFinal);
        await again.SendAsync(Post(Core, "git-receive-pack", Basic(ann), Head($"{Zero} {tip} refs/heads/good") + EmptyPack));
        var second = await ann.NextRequestAsync();
        gateway.Clock.Advance(TimeSpan.FromSeconds(1));
        foreach (var other in new[] { $"{Zero} {tip} refs/heads/evil", $"{tip} {Zero} refs/heads/main" })
        {
            using var attack = await RawConnection.OpenAsync(gateway);
            await attack.SendAsync(Post(Core, "git-receive-pack", Basic(ann), Head(other) + (other.StartsWith(Zero, StringComparison.Ordinal) ? EmptyPack : "")));
            var asked = await ann.NextRequestAsync();
            Assert.NotEqual(second.Id, asked.Id);
            Assert.Equal(ApprovalOutcome.Done, (await ann.DenyAsync(asked)).Outcome);
            Assert.Contains("ng refs/heads/", (await attack.ReadAnswerAsync()).Body, StringComparison.Ordinal);
            gateway.Clock.Advance(TimeSpan.FromSeconds(130));
        }

        Assert.Equal(ApprovalOutcome.Done, (await ann.ApproveAsync(second)).Outcome);
        Assert.Contains("ok refs/heads/good", (await again.ReadAnswerAsync()).Body, StringComparison.Ordinal);

        // The same approval, after it was used.
        using var late = await RawConnection.OpenAsync(gateway);
        await late.SendAsync(Post(Core, "git-receive-pack", Basic(ann), Head($"{tip} {Zero} refs/heads/good")));
        await ann.DenyNextAsync();
        Assert.Contains("ng refs/heads/good", (await late.ReadAnswerAsync()).Body, StringComparison.Ordinal);
        Assert.Equal((tip, tip, null), (await gateway.TipAsync(core), await gateway.TipAsync(core, "refs/heads/good"), await gateway.TipAsync(core, "refs/heads/evil")));
        await gateway.AssertInvariantsAsync();
    }

    [Theory]
    [InlineData("side-band-64k delete-refs", "")] // wants no report, so nobody hears that it went well
    [InlineData("report-status delete-refs", "ok refs/heads/one")]
    public async Task One_approval_before_the_refs_were_known_lets_one_push_through_whatever_it_reports(string capabilities, string reported)
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        var core = await gateway.AddRepositoryAsync();
        var tip = (await gateway.TipAsync(core))!;
        using var refs = await RawConnection.OpenAsync(gateway);
        await refs.SendAsync(Get($"{Core}/info/refs?service=git-receive-pack", Basic(ann)));
        await ann.ApproveNextAsync();
        Assert.Equal(200, (await refs.ReadAnswerAsync()).Status);

        var one = await AskAsync(gateway, Post(Core, "git-receive-pack", Basic(ann), Packet($"{Zero} {tip} refs/heads/one\0{capabilities}") + "0000" + EmptyPack));
        Assert.Contains(reported, one.Body, StringComparison.Ordinal);
        Assert.Equal(tip, await gateway.TipAsync(core, "refs/heads/one"));

        using var two = await RawConnection.OpenAsync(gateway);
        await two.SendAsync(Post(Core, "git-receive-pack", Basic(ann), Head($"{Zero} {tip} refs/heads/two") + EmptyPack));
        await ann.DenyNextAsync();
        Assert.Contains("ng refs/heads/two", (await two.ReadAnswerAsync()).Body, StringComparison.Ordinal);
        Assert.Null(await gateway.TipAsync(core, "refs/heads/two"));
        await gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task A_push_of_which_one_ref_was_taken_has_used_its_approval_and_one_that_changed_nothing_has_not()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        var core = await gateway.AddRepositoryAsync();
        var tip = (await gateway.TipAsync(core))!;
        using var refs = await RawConnection.OpenAsync(gateway);
        await refs.SendAsync(Get($"{Core}/info/refs?service=git-receive-pack", Basic(ann)));
        await ann.ApproveNextAsync();
        await refs.ReadAnswerAsync();

        var stale = await AskAsync(gateway, Post(Core, "git-receive-pack", Basic(ann), Head($"{new string('1', 40)} {tip} refs/heads/main") + EmptyPack));
        Assert.Contains("ng refs/heads/main", stale.Body, StringComparison.Ordinal);
        var half = await AskAsync(gateway, Post(Core, "git-receive-pack", Basic(ann), Head($"{Zero} {tip} refs/heads/one", $"{new string('1', 40)} {tip} refs/heads/main") + EmptyPack));
        Assert.Contains("ok refs/heads/one", half.Body, StringComparison.Ordinal);

        using var more = await RawConnection.OpenAsync(gateway);
        await more.SendAsync(Post(Core, "git-receive-pack", Basic(ann), Head($"{Zero} {tip} refs/heads/two") + EmptyPack));
        await ann.DenyNextAsync();
        Assert.Contains("ng refs/heads/two", (await more.ReadAnswerAsync()).Body, StringComparison.Ordinal);
        await gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task Of_many_equal_pushes_that_wait_for_one_approval_exactly_one_passes_and_the_others_are_asked_for_again()
    {
        await using var gateway = await GatewayFixture.StartAsync(OpenReads);
        var ann = await gateway.AddPersonAsync();
        var core = await gateway.AddRepositoryAsync();
        var tip = (await gateway.TipAsync(core))!;
        var connections = new List<RawConnection>();
        var push = Post(Core, "git-receive-pack", Basic(ann), Head($"{Zero} {tip} refs/heads/race") + EmptyPack);
        for (var number = 0; number < 6; number++)
        {
            var connection = await RawConnection.OpenAsync(gateway);
            await connection.SendAsync(push);
            connections.Add(connection);
        }

        var request = await ann.NextRequestAsync();
        foreach (var connection in connections)
        {
            await connection.ReadUntilAsync(request.Id.Value); // all wait for the same
        }

        await ann.ApproveAsync(request);
        await ann.DenyNextAsync(); // what the others wait for now
        var answers = await Task.WhenAll(connections.Select(connection => connection.ReadAnswerAsync()));
        connections.ForEach(connection => connection.Dispose());
        Assert.Single(answers, answer => answer.Body.Contains("ok refs/heads/race", StringComparison.Ordinal));
        Assert.Equal(5, answers.Count(answer => answer.Body.Contains("ng refs/heads/race", StringComparison.Ordinal)));
        Assert.Single(await gateway.AuditAsync(), record => record.Event.Type == AuditTypes.CommandCompleted);
        await gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task An_approval_serves_no_other_person_credential_repository_or_class()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var ann = await gateway.AddPersonAsync();
        var bob = await gateway.AddPersonAsync("bob");
        var core = await gateway.AddRepositoryAsync();
        await gateway.AddRepositoryAsync("other");
        var second = (await gateway.Get<Server.People.IAccessTokens>().AddAsync(ann.Id, "second", 1, "test", TestContext.Current.CancellationToken)).Value.Secret;
        const string Read = "/info/refs?service=git-upload-pack";
        using var approved = await RawConnection.OpenAsync(gateway);
        await approved.SendAsync(Get(Core + Read, Basic(ann)));
        await ann.ApproveNextAsync();
        Assert.Equal(200, (await approved.ReadAnswerAsync()).Status);
        Assert.Equal(200, (await AskAsync(gateway, Get(Core + Read, Basic(ann)))).Status);

        foreach (var (who, target, authorization) in new[]
        {
            (bob, Core + Read, Basic(bob)),
            (ann, Core + Read, BasicOf("ann", second)),
            (ann, "/scm/ACME/other.git" + Read, Basic(ann)),
        })
        {
            using var other = await RawConnection.OpenAsync(gateway);
            await other.SendAsync(Get(target, authorization));
            await who.DenyNextAsync();
            var answer = await other.ReadAnswerAsync();
            Assert.Contains("Denied: this ", answer.Body, StringComparison.Ordinal);
            Assert.DoesNotContain("refs/heads", answer.Body, StringComparison.Ordinal);
        }

        using var write = await RawConnection.OpenAsync(gateway);
        await write.SendAsync(Post(Core, "git-receive-pack", Basic(ann), Head($"{(await gateway.TipAsync(core))!} {Zero} refs/heads/main")));
        await ann.DenyNextAsync();
        Assert.Contains("ng refs/heads/main", (await write.ReadAnswerAsync()).Body, StringComparison.Ordinal);

        // Undecided in time, then approved: the other credential still has to ask for itself.
        gateway.Clock.Advance(TimeSpan.FromMinutes(20));
        using var undecided = await RawConnection.OpenAsync(gateway);
        await undecided.SendAsync(Get(Core + Read, Basic(ann)));
        var late = await ann.NextRequestAsync();
        gateway.Clock.Advance(TimeSpan.FromSeconds(50));
        Assert.Contains("Not approved yet", (await undecided.ReadAnswerAsync()).Body, StringComparison.Ordinal);
        await ann.ApproveAsync(late);
        using var thief = await RawConnection.OpenAsync(gateway);
        await thief.SendAsync(Get(Core + Read, BasicOf("ann", second)));
        await ann.DenyNextAsync();
        Assert.Contains("Denied", (await thief.ReadAnswerAsync()).Body, StringComparison.Ordinal);
        Assert.Equal(200, (await AskAsync(gateway, Get(Core + Read, Basic(ann)))).Status);
        await gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task Rules_on_creating_deleting_moving_and_forcing_hold_for_every_ref_of_a_push()
    {
        const string Policy =
            """
            version: 1
            mode: enforce
            rules:
              - { name: open, effect: allow }
              - { name: no-force, forced: true, effect: deny }
              - { name: tags-stay, refs: ["refs/tags/**"], changes: [update, delete], effect: deny }
              - { name: no-new-releases, refs: ["release/**"], changes: [create], effect: deny }
            """;
        await using var gateway = await GatewayFixture.StartAsync(Policy);
        var ann = await gateway.AddPersonAsync();
        var core = await gateway.AddRepositoryAsync();
        var tree = new GitClient(Path.Combine(gateway.Folder.FullName, "tree"));
        await tree.SucceedAsync("clone", "-q", ann.UrlOf("ACME/core"), ".");
        await tree.SucceedAsync("push", "-q", "origin", "main:side", "main~1:refs/tags/v1");
        var before = await gateway.TipAsync(core);
        foreach (var (refspecs, rule) in new[]
        {
            (new[] { "+main~1:main" }, "no-force"), (["main:fresh", "+main~1:side"], "no-force"), ([":side"], "no-force"), (["main:fresh", ":refs/tags/v1"], "tags-stay"),
            (["+main:refs/tags/v1"], "tags-stay"), (["main:fresh", "main:release/1.0/x"], "no-new-releases"),
        })
        {
            var denied = await tree.RunAsync(["push", "origin", .. refspecs]);
            Assert.True(denied.ExitCode != 0 && denied.Error.Contains("[remote rejected]", StringComparison.Ordinal), $"{string.Join(' ', refspecs)}: {denied.Error}");
            Assert.True(denied.Error.Contains(rule, StringComparison.Ordinal) || rule == "tags-stay", denied.Error);
            Assert.Null(await gateway.TipAsync(core, "refs/heads/fresh"));
        }

        await tree.SucceedAsync("push", "-q", "origin", "main:fresh", "main:refs/tags/v2");
        Assert.Equal(before, await gateway.TipAsync(core));
        await gateway.AssertInvariantsAsync();
    }

    [Fact]
    public async Task Nobody_has_a_push_looked_at_for_a_repository_that_he_may_not_see()
    {
        var looks = 0;
        await using var gateway = await GatewayFixture.StartAsync(
            "version: 1\nmode: enforce\nrules:\n  - { name: open, effect: allow }\n  - { name: no-force, forced: true, effect: deny }\n",
            replace: services =>
            {
                var far = services.Last(service => service.ServiceType == typeof(IUpstream));
                services.AddSingleton<IUpstream>(provider => new CountingUpstream(
                    (IUpstream)ActivatorUtilities.CreateInstance(provider, far.ImplementationType!), () => Interlocked.Increment(ref looks)));
            });
        var eve = await gateway.AddPersonAsync("eve", Role.None);
        var core = await gateway.AddRepositoryAsync();
        var tip = (await gateway.TipAsync(core))!;
        var push = Head($"{tip} {new string('2', 40)} refs/heads/main") + "PACK and something that is none";
        var hidden = await AskAsync(gateway, Post(Core, "git-receive-pack", Basic(eve), push));
        var missing = await AskAsync(gateway, Post("/scm/ACME/none.git", "git-receive-pack", Basic(eve), push));
        Assert.Equal(missing.Body, hidden.Body.Replace("ACME/core", "ACME/none", StringComparison.Ordinal));
        Assert.Equal(0, looks);
        await gateway.AssertInvariantsAsync();
    }

    /// <summary>A pack without objects: all that a push of commits which are there already needs.</summary>
    private static string EmptyPack =>
        "PACK\0\0\0\x02\0\0\0\0" + Encoding.Latin1.GetString([0x02, 0x9d, 0x08, 0x82, 0x3b, 0xd8, 0xa8, 0xea, 0xb5, 0x10, 0xad, 0x6a, 0xc7, 0x5c, 0x82, 0x3c, 0xfd, 0x3e, 0xd3, 0x1e]);

    private static string Head(params string[] lines)
    {
        var named = Array.FindIndex(lines, line => !line.StartsWith("shallow", StringComparison.Ordinal));
        return string.Concat(lines.Select((line, index) => Packet(index == named ? $"{line}\0{Capabilities}" : line))) + "0000";
    }

    private static string Gzip(string text)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
        {
            gzip.Write(Encoding.Latin1.GetBytes(text));
        }

        return Encoding.Latin1.GetString(packed.ToArray());
    }
}
