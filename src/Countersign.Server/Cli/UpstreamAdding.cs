using System.CommandLine;
using System.Text.Json;

namespace Countersign.Server.Cli;

/// <summary><c>upstream add</c>: many options, all of them optional but the kind and the address.</summary>
internal static class UpstreamAdding
{
    public static Command Make(AdminVerbs admin)
    {
        var name = AdminVerbs.Name(description: "Its name.");
        var options = new Options();
        return admin.Verb("add", "Stand before a Git host.", [name, .. options.All], async (parsed, cancellation) =>
        {
            string? secret = null;
            if (parsed.GetValue(options.SecretFromInput) && (secret = await admin.Terminal.In.ReadLineAsync(cancellation)) is null or "")
            {
                return admin.Terminal.Fail("--secret-stdin: there is no secret on standard input", ExitCodes.WrongUse);
            }

            var people = new Dictionary<string, string>();
            foreach (var pair in parsed.GetValue(options.Map) ?? [])
            {
                if (pair.Split('=') is not [{ Length: > 0 } theirs, { Length: > 0 } ours] || !people.TryAdd(theirs, ours))
                {
                    return admin.Terminal.Fail($"--map {pair}: write THEIRS=OURS, each name of theirs once", ExitCodes.WrongUse);
                }
            }

            var reply = await admin.SendAsync(parsed, AdminCall.Post("upstreams", options.Body(parsed, parsed.GetRequiredValue(name), secret, people)), cancellation);
            if (!reply.Succeeded)
            {
                return admin.Terminal.Fail(reply.Detail);
            }

            if (admin.WantsJson(parsed))
            {
                await admin.Terminal.Out.WriteLineAsync(reply.Body);
            }
            else
            {
                Show(admin, reply.Json);
            }

            return ExitCodes.Done;
        });
    }

    private static void Show(AdminVerbs admin, JsonElement added)
    {
        var (name, output) = (added.Text("name"), admin.Terminal.Out);
        output.WriteLine($"added {name}: {added.Text("base")}");
        var workspaces = added.GetProperty("workspaces").Items().ToList();
        foreach (var workspace in workspaces)
        {
            output.WriteLine($"{name} serves {workspace.Text("key")} from its folder /{workspace.Text("folder")}");
        }

        if (workspaces.Count == 0)
        {
            output.WriteLine($"it serves no workspace yet: countersign workspace add KEY --upstream {name}");
        }

        if (added.Text("identity") == "name")
        {
            admin.Terminal.Error.WriteLine(
                "countersign: people are told apart by the user name that they type; that is safe only where the host checks it together with the secret, and wrong where any name goes with a token (see docs/upstreams.md)");
        }
    }

    private sealed class Options
    {
        private readonly Option<string> kind = AdminVerbs.Needed("--kind", "smart-http|bitbucket-dc|bitbucket-cloud", "What it is.");
        private readonly Option<string> address = AdminVerbs.Needed("--base", "URL", "Its address.");
        private readonly Option<string?> path = Text("--path", "/prefix", "Below the base, where repositories begin.");
        private readonly Option<string?> mount = Text("--mount", "/prefix|none", "Where the gateway serves the same paths; left out, the same as --path.");
        private readonly Option<string> credentials = new("--credentials") { Description = "What the host gets to see: nothing, one credential for all, or each person's own.", HelpName = "none|service|passed", DefaultValueFactory = _ => "none" };
        private readonly Option<string?> user = Text("--user", "U", "The user name of the service credential; without one its secret is sent as Bearer.");
        private readonly Option<bool> keepHost = Flag("--keep-host", "Send the host name that people use for this gateway.");
        private readonly Option<string?> authorities = Text("--ca", "FILE", "Authorities that may vouch for the host, instead of the system's (PEM).");
        private readonly Option<string?> certificate = Text("--client-certificate", "FILE", "The certificate that the gateway shows (PEM).");
        private readonly Option<string?> certificateKey = Text("--client-key", "FILE", "Its key (PEM, not encrypted).");
        private readonly Option<string?> proxy = Text("--proxy", "URL", "An HTTP proxy on the way.");
        private readonly Option<string> lfs = new("--lfs") { Description = "Whether objects of Git LFS go through the gateway.", HelpName = "rewritten|direct", DefaultValueFactory = _ => "rewritten" };
        private readonly Option<string?> identity = Text("--identity", "name|header:NAME|get:/path[#member]", "For passed credentials: where the person's name comes from.");
        private readonly Option<string[]> workspaces = new("--workspace") { Description = "A workspace to serve from it, or none; left out, all without repositories.", HelpName = "KEY[=FOLDER]" };
        private readonly Option<bool> insecure = Flag("--insecure-http", "Let credentials travel unencrypted to a host that is not this machine.");

        public Options()
        {
            kind.AcceptOnlyFromAmong("smart-http", "bitbucket-dc", "bitbucket-cloud");
            credentials.AcceptOnlyFromAmong("none", "service", "passed");
            lfs.AcceptOnlyFromAmong("rewritten", "direct");
        }

        public Option<bool> SecretFromInput { get; } = Flag("--secret-stdin", "Read the service credential's secret, one line, from standard input.");

        public Option<string[]> Map { get; } = new("--map") { Description = "For passed credentials: a user name at the host and the person's name here.", HelpName = "THEIRS=OURS" };

        public IEnumerable<Symbol> All =>
            [kind, address, path, mount, credentials, user, SecretFromInput, keepHost, authorities, certificate, certificateKey, proxy, lfs, identity, Map, workspaces, insecure];

        public object Body(ParseResult parsed, string name, string? secret, Dictionary<string, string> people) => new
        {
            name,
            kind = parsed.GetRequiredValue(kind),
            @base = parsed.GetRequiredValue(address),
            path = parsed.GetValue(path),
            mount = parsed.GetValue(mount),
            credentials = parsed.GetValue(credentials),
            user = parsed.GetValue(user),
            secret,
            keepHost = parsed.GetValue(keepHost),
            certificateAuthorities = FileOf(parsed, authorities),
            clientCertificate = FileOf(parsed, certificate),
            clientCertificateKey = FileOf(parsed, certificateKey),
            proxy = parsed.GetValue(proxy),
            lfs = parsed.GetValue(lfs),
            identity = parsed.GetValue(identity),
            people = people.Count > 0 ? people : null,
            workspaces = parsed.GetValue(workspaces) is { Length: > 0 } named ? named : null,
            insecureHttp = parsed.GetValue(insecure),
        };

        private static string? FileOf(ParseResult parsed, Option<string?> option) => parsed.GetValue(option) is { } file ? Path.GetFullPath(file) : null;

        private static Option<string?> Text(string name, string helpName, string description) => new(name) { Description = description, HelpName = helpName };

        private static Option<bool> Flag(string name, string description) => new(name) { Description = description };
    }
}
