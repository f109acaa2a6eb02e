using System.Globalization;
using Countersign.Core.Identities;
using Countersign.Server.Audit;
using Countersign.Server.Enforcement;
using Countersign.Server.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using static Countersign.Server.Tests.Regressions.PushByHand;
using static Countersign.Server.Tests.Regressions.RawConnection;

namespace Countersign.Server.Tests.Regressions;

/// <summary>What a push says: refs hidden from the rules, bodies that are cut, compressed or broken.</summary>
[Trait("Category", "slow")]
public sealed class PushTests
{
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
            var answer = await AskAsync(gateway, Post(CorePath, "git-receive-pack", Basic(ann), Head(push) + "PACK"));
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
            var answer = await AskAsync(gateway, Post(CorePath, "git-receive-pack", Basic(ann), body));
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
        var head = $"POST {CorePath}/git-receive-pack HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-git-receive-pack-request\r\n{Basic(ann)}Transfer-Encoding: chunked\r\n\r\n";

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

        var hidden = await AskAsync(gateway, Post(CorePath, "git-receive-pack", Basic(ann) + "Content-Encoding: gzip\r\n", Gzip(Head($"{tip} {Zero} refs/heads/main"))));
        Assert.Contains("ng refs/heads/main", hidden.Body, StringComparison.Ordinal);

        var bomb = await AskAsync(gateway, Post(CorePath, "git-receive-pack", Basic(ann) + "Content-Encoding: gzip\r\n", Gzip(allowed + new string('\0', 200 << 20))));
        Assert.Contains("does not fit the room", bomb.Body, StringComparison.Ordinal);
        var refs = await AskAsync(gateway, Post(CorePath, "git-receive-pack", Basic(ann) + "Content-Encoding: gzip\r\n", Gzip(string.Concat(Enumerable.Repeat(Packet($"shallow {tip}\n"), 1_000_000)))));
        Assert.Equal(400, refs.Status);

        foreach (var coding in new[] { "br", "deflate", "zstd", "gzip, gzip", "identity", "gzip\r\nContent-Encoding: gzip" })
        {
            Assert.Equal(415, (await AskAsync(gateway, Post(CorePath, "git-receive-pack", Basic(ann) + $"Content-Encoding: {coding}\r\n", Gzip(allowed)))).Status);
        }

        foreach (var broken in new[] { "not gzip at all", Gzip(allowed)[..12], Gzip(allowed)[..^30] })
        {
            Assert.Equal(400, (await AskAsync(gateway, Post(CorePath, "git-receive-pack", Basic(ann) + "Content-Encoding: gzip\r\n", broken))).Status);
        }

        Assert.Null(await gateway.TipAsync(core, "refs/heads/a"));
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
        var hidden = await AskAsync(gateway, Post(CorePath, "git-receive-pack", Basic(eve), push));
        var missing = await AskAsync(gateway, Post("/scm/ACME/none.git", "git-receive-pack", Basic(eve), push));
        Assert.Equal(missing.Body, hidden.Body.Replace("ACME/core", "ACME/none", StringComparison.Ordinal));
        Assert.Equal(0, looks);
        await gateway.AssertInvariantsAsync();
    }
}
