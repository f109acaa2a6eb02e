using System.CommandLine;

namespace Countersign.Server.Cli;

/// <summary><c>upstream set</c>: what is given changes, and nothing else.</summary>
internal static class UpstreamSetting
{
    public static Command Make(AdminVerbs admin)
    {
        var name = AdminVerbs.Name(description: "The Git host's name.");
        var texts = new[]
        {
            Text("base", "URL", "Its address."),
            Text("path", "/prefix", "Below the base, where repositories begin."),
            Text("mount", "/prefix|none", "Where the gateway serves the same paths."),
            Text("credentials", "none|service|passed", "What the host gets to see."),
            Text("user", "U", "The user name of the service credential."),
            Text("proxy", "URL|none", "An HTTP proxy on the way."),
            Text("lfs", "rewritten|direct", "Whether objects of Git LFS go through the gateway."),
            Text("identity", "name|header:NAME|get:/path[#member]", "For passed credentials: where the person's name comes from."),
        };
        var authorities = Text("ca", "FILE|none", "Authorities that may vouch for the host, instead of the system's (PEM).");
        var certificate = Text("client-certificate", "FILE|none", "The certificate that the gateway shows (PEM).");
        var key = Text("client-key", "FILE|none", "Its key (PEM, not encrypted).");
        var keepHost = new Option<bool?>("--keep-host") { Description = "Send the host name that people use for this gateway.", HelpName = "true|false" };
        var secretFromInput = new Option<bool>("--secret-stdin") { Description = "Read the service credential's new secret, one line, from standard input." };
        var map = new Option<string[]>("--map") { Description = "For passed credentials: a user name at the host and the person's name here. All of them, in place of those before.", HelpName = "THEIRS=OURS" };
        var insecure = new Option<bool>("--insecure-http") { Description = "Let credentials travel unencrypted to a host that is not this machine." };
        return admin.Verb(
            "set",
            "Change a Git host; what is not named stays. What waits or was approved for its workspaces ends.",
            [name, .. texts, authorities, certificate, key, keepHost, secretFromInput, map, insecure],
            async (parsed, cancellation) =>
            {
                var change = new Dictionary<string, object>();
                foreach (var text in texts.Where(text => parsed.GetValue(text) is not null))
                {
                    change[text.Name[2..]] = parsed.GetValue(text)!;
                }

                foreach (var (member, file) in new[] { ("certificateAuthorities", authorities), ("clientCertificate", certificate), ("clientCertificateKey", key) })
                {
                    if (parsed.GetValue(file) is { } path)
                    {
                        change[member] = path == "none" ? path : Path.GetFullPath(path);
                    }
                }

                if (parsed.GetValue(keepHost) is { } keeps)
                {
                    change["keepHost"] = keeps;
                }

                if (parsed.GetValue(insecure))
                {
                    change["insecureHttp"] = true;
                }

                if (parsed.GetValue(map) is { Length: > 0 } pairs)
                {
                    var people = new Dictionary<string, string>();
                    foreach (var pair in pairs)
                    {
                        if (pair.Split('=') is not [{ Length: > 0 } theirs, { Length: > 0 } ours] || !people.TryAdd(theirs, ours))
                        {
                            return admin.Terminal.Fail($"--map {pair}: write THEIRS=OURS, each name of theirs once", ExitCodes.WrongUse);
                        }
                    }

                    change["people"] = people;
                }

                if (parsed.GetValue(secretFromInput))
                {
                    if (await admin.Terminal.In.ReadLineAsync(cancellation) is not { Length: > 0 } secret)
                    {
                        return admin.Terminal.Fail("--secret-stdin: there is no secret on standard input", ExitCodes.WrongUse);
                    }

                    change["secret"] = secret;
                }

                if (change.Count == 0)
                {
                    return admin.Terminal.Fail("say what is to be different, for example --base URL", ExitCodes.WrongUse);
                }

                var reply = await admin.SendAsync(parsed, AdminCall.Patch(AdminCall.At($"upstreams/{parsed.GetRequiredValue(name)}"), change), cancellation);
                if (!reply.Succeeded)
                {
                    return admin.Terminal.Fail(reply.Detail);
                }

                await admin.Terminal.Out.WriteLineAsync(admin.WantsJson(parsed) ? reply.Body : $"changed {reply.Json.Text("name")}: {reply.Json.Text("base")}");
                return ExitCodes.Done;
            });
    }

    private static Option<string?> Text(string name, string helpName, string description) => new($"--{name}") { Description = description, HelpName = helpName };
}
