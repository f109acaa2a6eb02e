using System.CommandLine;
using System.Text.Json;
using Countersign.Server.Api;
using Countersign.Server.Policies;

namespace Countersign.Server.Cli;

internal static class PolicyCommands
{
    public static Command Make(AdminVerbs admin) => new("policy", "The rules.")
    {
        Check(admin),
        Apply(admin),
        admin.Verb("show", "The policy in force.", [], _ => AdminCall.Get("policy"), (policy, output) => output.Write(policy.Text("yaml"))),
        Explain(admin),
    };

    private static Command Check(AdminVerbs admin)
    {
        var file = File();
        return admin.Verb("check", "Check a policy file. Works without a gateway.", [file], async (parsed, cancellation) =>
        {
            var path = parsed.GetRequiredValue(file);
            var errors = PolicyFile.Parse(await ReadAsync(path, cancellation)).Errors;
            if (admin.WantsJson(parsed))
            {
                var view = new PolicyCheckView(errors.Count == 0, errors);
                await admin.Terminal.Out.WriteLineAsync(JsonSerializer.Serialize(view, JsonSerializerOptions.Web));
            }

            return errors.Count == 0 ? Said(admin, parsed, $"{path}: no errors") : Tell(admin.Terminal, path, errors);
        });
    }

    private static Command Apply(AdminVerbs admin)
    {
        var file = File();
        return admin.Verb("apply", "Check a policy file and put it in force.", [file], async (parsed, cancellation) =>
        {
            var path = parsed.GetRequiredValue(file);
            var yaml = await ReadAsync(path, cancellation);
            if (PolicyFile.Parse(yaml).Errors is { Count: > 0 } errors)
            {
                return Tell(admin.Terminal, path, errors);
            }

            var reply = await admin.SendAsync(parsed, AdminCall.Put("policy", new { yaml }), cancellation);
            if (!reply.Succeeded)
            {
                return admin.Terminal.Fail(reply.Detail);
            }

            if (admin.WantsJson(parsed))
            {
                await admin.Terminal.Out.WriteLineAsync(reply.Body);
            }

            return Said(admin, parsed, $"{path} is in force");
        });
    }

    private static Command Explain(AdminVerbs admin)
    {
        var person = AdminVerbs.Needed("--as", "NAME", "The person.");
        var operation = AdminVerbs.Needed("--op", "read|write", "The operation.");
        operation.AcceptOnlyFromAmong("read", "write");
        var repository = AdminVerbs.Needed("--repo", "KEY/REPO", "The repository.");
        var reference = new Option<string?>("--ref") { Description = "For a write: the ref that is updated.", HelpName = "REF" };
        return admin.Verb(
            "explain",
            "What would be decided, and why, rule by rule.",
            [person, operation, repository, reference],
            parsed => AdminCall.Post("policy/explain", new
            {
                @as = parsed.GetRequiredValue(person),
                operation = parsed.GetRequiredValue(operation),
                repository = parsed.GetRequiredValue(repository),
                @ref = parsed.GetValue(reference),
            }),
            Show);
    }

    private static void Show(JsonElement answer, TextWriter output)
    {
        var rule = answer.Text("rule") is { Length: > 0 } name ? $", rule {name}" : "";
        output.WriteLine($"{answer.Text("decision")}: {answer.Text("reason")}{Table.Printable(rule)}");
        if (answer.GetProperty("requirement") is { ValueKind: JsonValueKind.Object } requirement)
        {
            output.WriteLine($"needs: {requirement.Text("strength")}{(requirement.Flag("number") ? ", and the number in the terminal" : "")}");
        }

        if (answer.Text("sshSecurityKey") is { Length: > 0 } handshake)
        {
            output.WriteLine($"FIDO2 SSH key: {handshake}");
        }

        if (answer.Text("wouldHaveBeen") is { Length: > 0 } other)
        {
            output.WriteLine($"enforced, it would be: {other}");
        }

        if (answer.Text("mode") is { Length: > 0 } mode)
        {
            output.WriteLine($"mode: {mode}, {answer.Text("modeFrom")}");
            Table.Write(
                output,
                ["RULE", "EFFECT", "MATCHES", "WHY"],
                answer.GetProperty("rules").Items().Select(entry => (IReadOnlyList<string>)
                [
                    entry.Text("rule"), entry.Text("effect"), entry.Text("matched") switch { "True" => "yes", "False" => "no", _ => "depends" }, entry.Text("why"),
                ]),
                "There are no rules.");
        }
    }

    private static Argument<string> File() => new("FILE") { Description = "The policy file." };

    private static async Task<string> ReadAsync(string path, CancellationToken cancellation)
    {
        try
        {
            return new FileInfo(path) is { Exists: true, Length: > PolicyResource.MaxBytes }
                ? throw new InvalidDataException($"{path}: larger than {PolicyResource.MaxBytes / 1024} KiB is no policy")
                : await System.IO.File.ReadAllTextAsync(path, cancellation);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new WrongSettingException($"{path}: there is no such file");
        }
    }

    private static int Tell(Terminal terminal, string path, IReadOnlyList<PolicyError> errors)
    {
        foreach (var error in errors)
        {
            terminal.Error.WriteLine(Terminal.OneLine($"{path}:{error.Line}:{error.Column}: {error.Message}"));
        }

        return ExitCodes.Failed;
    }

    private static int Said(AdminVerbs admin, ParseResult parsed, string line)
    {
        if (!admin.WantsJson(parsed))
        {
            admin.Terminal.Out.WriteLine(line);
        }

        return ExitCodes.Done;
    }
}
