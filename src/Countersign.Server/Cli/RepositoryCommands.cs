using System.CommandLine;

namespace Countersign.Server.Cli;

internal static class RepositoryCommands
{
    public static Command Make(AdminVerbs admin)
    {
        var path = new Argument<string>("KEY/REPO") { Description = "The workspace's key and the repository's name." };
        var kind = new Option<string>("--kind") { Description = "What it is.", HelpName = "repository|wiki|snippet", DefaultValueFactory = _ => "repository" };
        kind.AcceptOnlyFromAmong("repository", "wiki", "snippet");
        var isPublic = new Option<bool>("--public") { Description = "Everyone who signs in may read it." };
        var import = new Option<string?>("--import") { Description = "A repository on this machine to copy.", HelpName = "PATH" };
        var upstreamPath = new Option<string?>("--upstream-path") { Description = "Where its workspace's Git host has it; left out, in the workspace's folder under the same name.", HelpName = "PATH" };
        return new("repo", "Repositories.")
        {
            Remove(admin),
            admin.Verb(
                "add",
                "Add a repository.",
                [path, kind, isPublic, import, upstreamPath],
                parsed => AdminCall.Post("repositories", new
                {
                    path = parsed.GetRequiredValue(path),
                    kind = parsed.GetRequiredValue(kind),
                    @public = parsed.GetValue(isPublic),
                    import = parsed.GetValue(import) is { } from ? Path.GetFullPath(from) : null,
                    upstreamPath = parsed.GetValue(upstreamPath),
                }),
                (repository, output) => output.WriteLine($"added {repository.Text("path")}: git clone {repository.Text("cloneUrl")}{(repository.Text("sshUrl") is { Length: > 0 } ssh ? $" or {ssh}" : "")}")),
            admin.Verb("list", "Every repository.", [], _ => AdminCall.Get("repositories"), (repositories, output) => Table.Write(
                output,
                ["PATH", "KIND", "READERS", "CLONE", "WHERE", "ADDED"],
                repositories.Items().Select(repository => (IReadOnlyList<string>)
                [
                    repository.Text("path"), repository.Text("kind"), repository.Flag("public") ? "everyone" : "members", repository.Text("cloneUrl"),
                    repository.Text("upstream") is { Length: > 0 } host ? $"{host} /{repository.Text("upstreamPath")}" : "this machine", admin.Ago(repository.GetProperty("createdAt")),
                ]),
                "No repositories were added. A workspace at a Git host serves its own without; on this machine: countersign repo add KEY/REPO")),
        };
    }

    private static Command Remove(AdminVerbs admin)
    {
        var path = new Argument<string>("KEY/REPO") { Description = "The workspace's key and the repository's name." };
        var yes = new Option<bool>("--yes") { Description = "You mean it." };
        return admin.Verb("remove", "Serve a repository no longer. Its files on this machine are moved aside and kept; at a Git host nothing changes.", [path, yes], async (parsed, cancellation) =>
        {
            if (parsed.GetRequiredValue(path).Split('/') is not [var key, var name])
            {
                return admin.Terminal.Fail("the repository is KEY/REPO", ExitCodes.WrongUse);
            }

            if (!parsed.GetValue(yes))
            {
                return admin.Terminal.Fail($"{key}/{name} would not be served any more, and what waits or runs there would end. Say --yes if you mean it.");
            }

            var reply = await admin.SendAsync(parsed, AdminCall.Delete(AdminCall.At($"repositories/{key}/{name}")), cancellation);
            if (!reply.Succeeded)
            {
                return admin.Terminal.Fail(reply.Detail);
            }

            var kept = reply.Json.Text("kept") is { Length: > 0 } folder ? $"; its files are kept in {Table.Printable(folder)}" : "; at its Git host nothing changed";
            await admin.Terminal.Out.WriteLineAsync(admin.WantsJson(parsed) ? reply.Body : $"removed {reply.Json.Text("path")}{kept}");
            return ExitCodes.Done;
        });
    }
}
