using System.CommandLine;
using Countersign.Server.Api;

namespace Countersign.Server.Cli;

internal static class InstanceCommands
{
    public static Command SetupLink(AdminVerbs admin) => admin.Verb(
        "setup-link",
        "A new one-time set-up link, while nobody is there yet. The one before stops working.",
        [],
        _ => AdminCall.Post("setup-link"),
        (link, output) => output.WriteLine(link.Text("url")));

    public static Command WebAuthn(Terminal terminal)
    {
        var file = new Argument<string>("FILE") { Description = "Test vectors in the form of the WebAuthn Level 3 appendix, as JSON." };
        var verify = new Command("verify", "Verify a file of test vectors: one line each, exit 1 if one fails. Works without a gateway.") { file };
        verify.SetAction(async (parsed, cancellation) =>
        {
            var path = parsed.GetRequiredValue(file);
            try
            {
                return WebAuthnVectors.Run(await File.ReadAllTextAsync(path, cancellation), terminal.Out, terminal.Error);
            }
            catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
            {
                return terminal.Fail($"{path}: there is no such file", ExitCodes.WrongUse);
            }
        });
        return new("webauthn", "WebAuthn, without a gateway.") { verify };
    }

    public static Command Version(Terminal terminal)
    {
        var command = new Command("version", "This program's version.");
        command.SetAction(_ => terminal.Out.WriteLine($"countersign {InstanceResource.Version}"));
        return command;
    }
}
