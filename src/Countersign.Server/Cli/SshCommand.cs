using System.CommandLine;

namespace Countersign.Server.Cli;

internal static class SshCommand
{
    public static Command Make(AdminVerbs admin) => new("ssh", "Git over SSH.")
    {
        admin.Verb(
            "show",
            "Where Git over SSH is served, and the host keys' fingerprints, to tell people before they first connect.",
            [],
            _ => AdminCall.Get("ssh"),
            (ssh, output) =>
            {
                if (ssh.Text("url") is not { Length: > 0 } url)
                {
                    output.WriteLine("Git over SSH is off; countersign doctor says why");
                    return;
                }

                output.WriteLine($"{url}/KEY/REPO.git");
                Table.Write(output, ["HOST KEY", "FINGERPRINT"], ssh.GetProperty("hostKeys").Items().Select(key => (IReadOnlyList<string>)[key.Text("type"), key.Text("fingerprint")]), "");
            }),
    };
}
