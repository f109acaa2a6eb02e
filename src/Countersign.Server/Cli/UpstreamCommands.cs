using System.CommandLine;
using System.Text.Json;

namespace Countersign.Server.Cli;

/// <summary>Git hosts that the gateway stands before.</summary>
internal static class UpstreamCommands
{
    public static Command Make(AdminVerbs admin) => new("upstream", "Git hosts that this gateway stands before.")
    {
        UpstreamAdding.Make(admin),
        UpstreamSetting.Make(admin),
        admin.Verb("list", "Every Git host.", [], _ => AdminCall.Get("upstreams"), (upstreams, output) => Table.Write(
            output,
            ["NAME", "KIND", "BASE", "CREDENTIALS", "WORKSPACES", "STATE"],
            upstreams.Items().Select(upstream => (IReadOnlyList<string>)
            [
                upstream.Text("name"), upstream.Text("kind"), upstream.Text("base"), upstream.Text("credentials"), WorkspacesOf(upstream), StateOf(admin, upstream),
            ]),
            "There are no Git hosts. Add one: countersign upstream add NAME --kind smart-http --base URL")),
        Show(admin),
        Check(admin),
        Remove(admin),
        Lift(admin),
    };

    private static Command Show(AdminVerbs admin)
    {
        var name = Name();
        return admin.Verb("show", "One Git host.", [name], parsed => AdminCall.Get(At(parsed, name)), (upstream, output) => Table.Write(
            output,
            ["name", upstream.Text("name")],
            Rows(admin, upstream).Where(row => row[1].Length > 0),
            ""));
    }

    private static IEnumerable<IReadOnlyList<string>> Rows(AdminVerbs admin, JsonElement upstream) =>
    [
        ["kind", upstream.Text("kind")],
        ["base", upstream.Text("base")],
        ["path", upstream.Text("path")],
        ["mount", upstream.Text("mount") is { Length: > 0 } mount ? mount : "none"],
        ["credentials", upstream.Text("credentials") + (upstream.Text("user") is { Length: > 0 } user ? $" ({user})" : "")],
        ["identity", upstream.Text("identity")],
        ["names", string.Join(", ", upstream.GetProperty("people").EnumerateObject().Select(entry => $"{entry.Name}={entry.Value}"))],
        ["host header", upstream.Flag("keepHost") ? "as people write it" : "the host's own"],
        ["authorities", upstream.Text("certificateAuthorities")],
        ["client certificate", upstream.Text("clientCertificate")],
        ["proxy", upstream.Text("proxy")],
        ["lfs", upstream.Text("lfs")],
        ["workspaces", WorkspacesOf(upstream)],
        ["repositories", upstream.Text("repositories")],
        ["state", StateOf(admin, upstream)],
    ];

    private static Command Check(AdminVerbs admin)
    {
        var name = Name();
        var repository = new Option<string?>("--repository") { Description = "A repository's path at the host, below base and path.", HelpName = "PATH" };
        return admin.Verb("check", "Connect to a Git host and ask it for a repository; exit 1 when something is wrong.", [name, repository], async (parsed, cancellation) =>
        {
            var reply = await admin.SendAsync(parsed, AdminCall.Post(At(parsed, name) + "/check", new { repository = parsed.GetValue(repository) }), cancellation);
            if (!reply.Succeeded)
            {
                return admin.Terminal.Fail(reply.Detail);
            }

            var line = $"{parsed.GetRequiredValue(name)}: {reply.Json.Text("detail")}";
            if (admin.WantsJson(parsed))
            {
                await admin.Terminal.Out.WriteLineAsync(reply.Body);
            }
            else if (reply.Json.Flag("ok"))
            {
                await admin.Terminal.Out.WriteLineAsync(Table.Printable(line));
            }

            return reply.Json.Flag("ok") ? ExitCodes.Done : admin.Terminal.Fail(line);
        });
    }

    private static Command Remove(AdminVerbs admin)
    {
        var name = Name();
        return admin.Verb("remove", "Remove a Git host that no workspace and no repository uses.", [name], async (parsed, cancellation) =>
        {
            var reply = await admin.SendAsync(parsed, AdminCall.Delete(At(parsed, name)), cancellation);
            if (!reply.Succeeded)
            {
                return admin.Terminal.Fail(reply.Detail);
            }

            await admin.Terminal.Out.WriteLineAsync(admin.WantsJson(parsed) ? "{}" : $"removed {parsed.GetRequiredValue(name)}");
            return ExitCodes.Done;
        });
    }

    private static Command Lift(AdminVerbs admin)
    {
        var name = AdminVerbs.Name();
        return admin.Verb(
            "lift",
            "Let in again a person's credentials for Git hosts that were reported as \"This wasn't me\".",
            [name],
            parsed => AdminCall.Post(AdminCall.At($"people/{parsed.GetRequiredValue(name)}/lift")),
            (lifted, output) => output.WriteLine($"lifted {lifted.Text("lifted")}"));
    }

    private static string At(ParseResult parsed, Argument<string> name) => AdminCall.At($"upstreams/{parsed.GetRequiredValue(name)}");

    private static Argument<string> Name() => AdminVerbs.Name(description: "The Git host's name.");

    private static string WorkspacesOf(JsonElement upstream) =>
        string.Join(", ", upstream.GetProperty("workspaces").Items().Select(workspace => $"{workspace.Text("key")} (/{workspace.Text("folder")})"));

    private static string StateOf(AdminVerbs admin, JsonElement upstream) => upstream.Text("reachable") switch
    {
        "True" => $"reached {admin.Ago(upstream.GetProperty("spokenWithAt"))}",
        "False" => $"failed {admin.Ago(upstream.GetProperty("lastFailureAt"))}: {upstream.Text("lastFailure")}",
        _ => "not asked yet",
    };
}
