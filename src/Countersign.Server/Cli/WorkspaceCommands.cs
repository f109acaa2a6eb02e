using System.CommandLine;
using System.Text.Json;

namespace Countersign.Server.Cli;

internal static class WorkspaceCommands
{
    public static Command Workspace(AdminVerbs admin)
    {
        var (key, moving, removing) = (Key(), Key(), Key());
        var upstream = new Option<string?>("--upstream") { Description = "The Git host that has its repositories, or local for this machine; left out, the one Git host if there is exactly one.", HelpName = "NAME|local" };
        var target = AdminVerbs.Needed("--upstream", "NAME|local", "The Git host, or local for this machine.");
        var (folder, newFolder) = (Folder(), Folder());
        var mode = new Option<string?>("--mode") { Description = "How far the rules bite here; left out, as far as in the instance.", HelpName = "off|report|enforce" };
        mode.AcceptOnlyFromAmong("off", "report", "enforce");
        return new("workspace", "Workspaces: repositories with the same members.")
        {
            admin.Verb(
                "add",
                "Add a workspace.",
                [key, mode, upstream, folder],
                parsed => AdminCall.Post("workspaces", new
                {
                    key = parsed.GetRequiredValue(key),
                    mode = parsed.GetValue(mode),
                    upstream = parsed.GetValue(upstream),
                    upstreamPath = parsed.GetValue(folder),
                }),
                (workspace, output) => output.WriteLine($"added {workspace.Text("key")}{Served(workspace)}")),
            admin.Verb(
                "move",
                "Serve a workspace that has no repositories from a Git host, or from this machine.",
                [moving, target, newFolder],
                parsed => AdminCall.Post(
                    AdminCall.At($"workspaces/{parsed.GetRequiredValue(moving)}/move"),
                    new { upstream = parsed.GetRequiredValue(target), upstreamPath = parsed.GetValue(newFolder) }),
                (workspace, output) => output.WriteLine($"{workspace.Text("key")} is{(Served(workspace) is { Length: > 0 } from ? from : " served from this machine")}")),
            admin.Verb(
                "remove",
                "Remove a workspace that has no repositories by name.",
                [removing],
                parsed => AdminCall.Delete(AdminCall.At($"workspaces/{parsed.GetRequiredValue(removing)}")),
                (workspace, output) => output.WriteLine($"removed {workspace.Text("key")}")),
            admin.Verb("list", "Every workspace.", [], _ => AdminCall.Get("workspaces"), (workspaces, output) => Table.Write(
                output,
                ["KEY", "MODE", "WHERE"],
                workspaces.Items().Select(workspace => (IReadOnlyList<string>)
                [
                    workspace.Text("key"),
                    workspace.Text("mode") is { Length: > 0 } own ? own : "as the instance",
                    workspace.Text("upstream") is { Length: > 0 } host ? $"{host} /{workspace.Text("upstreamPath")}" : "this machine",
                ]),
                "There are no workspaces. Add one: countersign workspace add KEY")),
        };
    }

    public static Command Member(AdminVerbs admin)
    {
        var (adding, listing, removing) = (Key(), Key(), Key());
        var (added, removed) = (AdminVerbs.Name(), AdminVerbs.Name());
        var role = AdminVerbs.Needed("--role", "read|write|admin", "What the member may do.");
        role.AcceptOnlyFromAmong("read", "write", "admin");
        var accepted = new Option<bool>("--accepted") { Description = "Member at once; else the person is invited and accepts." };
        return new("member", "Members of a workspace.")
        {
            admin.Verb(
                "add",
                "Invite a person to a workspace.",
                [adding, added, role, accepted],
                parsed => AdminCall.Post(
                    AdminCall.At($"workspaces/{parsed.GetRequiredValue(adding)}/members"),
                    new { name = parsed.GetRequiredValue(added), role = parsed.GetRequiredValue(role), accepted = parsed.GetValue(accepted) }),
                (member, output) => output.WriteLine($"{Table.Printable(member.Text("name"))} is {(member.Flag("accepted") ? "a member" : "invited")} ({member.Text("role")})")),
            admin.Verb(
                "list",
                "The members.",
                [listing],
                parsed => AdminCall.Get(AdminCall.At($"workspaces/{parsed.GetRequiredValue(listing)}/members")),
                (members, output) => Table.Write(
                    output,
                    ["NAME", "ROLE", "MEMBER", "TWO-STEP"],
                    members.Items().Select(member => (IReadOnlyList<string>)
                    [
                        member.Text("name"), member.Text("role"), member.Flag("accepted") ? "yes" : "invited", member.Text("twoStep") switch { "True" => "on", "False" => "off", _ => "-" },
                    ]),
                    "There are no members. Add one: countersign member add KEY NAME --role read")),
            admin.Verb(
                "remove",
                "Remove a member.",
                [removing, removed],
                parsed => AdminCall.Delete(AdminCall.At($"workspaces/{parsed.GetRequiredValue(removing)}/members/{parsed.GetRequiredValue(removed)}")),
                (member, output) => output.WriteLine($"removed {Table.Printable(member.Text("name"))}")),
        };
    }

    private static Option<string?> Folder() => new("--upstream-path") { Description = "The folder there; left out, the key as written. / for the root.", HelpName = "PATH" };

    private static string Served(JsonElement workspace) =>
        workspace.Text("upstream") is { Length: > 0 } upstream ? $" served from {upstream}, folder /{workspace.Text("upstreamPath")}" : "";

    private static Argument<string> Key() => new("KEY") { Description = "The workspace's key." };
}
