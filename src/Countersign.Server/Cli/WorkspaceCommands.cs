using System.CommandLine;

namespace Countersign.Server.Cli;

internal static class WorkspaceCommands
{
    public static Command Workspace(AdminVerbs admin)
    {
        var key = Key();
        var mode = new Option<string?>("--mode") { Description = "How far the rules bite here; left out, as far as in the instance.", HelpName = "off|report|enforce" };
        mode.AcceptOnlyFromAmong("off", "report", "enforce");
        return new("workspace", "Workspaces: repositories with the same members.")
        {
            admin.Verb(
                "add",
                "Add a workspace.",
                [key, mode],
                parsed => AdminCall.Post("workspaces", new { key = parsed.GetRequiredValue(key), mode = parsed.GetValue(mode) }),
                (workspace, output) => output.WriteLine($"added {workspace.Text("key")}")),
            admin.Verb("list", "Every workspace.", [], _ => AdminCall.Get("workspaces"), (workspaces, output) => Table.Write(
                output,
                ["KEY", "MODE"],
                workspaces.Items().Select(workspace => (IReadOnlyList<string>)[workspace.Text("key"), workspace.Text("mode") is { Length: > 0 } own ? own : "as the instance"]),
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

    private static Argument<string> Key() => new("KEY") { Description = "The workspace's key." };
}
