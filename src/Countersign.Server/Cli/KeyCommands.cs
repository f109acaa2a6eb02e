using System.CommandLine;
using Countersign.Core.SshKeys;

namespace Countersign.Server.Cli;

internal static class KeyCommands
{
    public static Command Make(AdminVerbs admin) => new("key", "SSH keys, for Git over SSH.")
    {
        Add(admin),
        List(admin),
        Remove(admin),
        Challenge(admin),
    };

    private static Command Add(AdminVerbs admin)
    {
        var name = AdminVerbs.Name();
        var file = AdminVerbs.Needed("--file", "PUB", "The public key: the file that ends in .pub.");
        var label = new Option<string?>("--label") { Description = "What it is called; the approval page shows it.", HelpName = "L" };
        var days = new Option<int?>("--days") { Description = "How long it works; without an end unless given.", HelpName = "N" };
        var attestation = new Option<string?>("--attestation") { Description = "For a security key: what ssh-keygen -O write-attestation=FILE wrote.", HelpName = "FILE" };
        return admin.Verb(
            "add",
            "Add a person's SSH key. A key belongs to one person, for ever.",
            [name, file, label, days, attestation],
            parsed => AdminCall.Post(
                AdminCall.At($"people/{parsed.GetRequiredValue(name)}/ssh-keys"),
                new
                {
                    key = ReadText(parsed.GetRequiredValue(file)),
                    label = parsed.GetValue(label),
                    days = parsed.GetValue(days),
                    attestation = parsed.GetValue(attestation) is { } path ? Convert.ToBase64String(Read(path)) : null,
                }),
            (key, output) => output.WriteLine($"{key.Text("id")} {key.Text("fingerprint")} {Table.Printable(key.Text("label"))}"));
    }

    private static Command List(AdminVerbs admin)
    {
        var name = AdminVerbs.Name();
        return admin.Verb(
            "list",
            "A person's SSH keys.",
            [name],
            parsed => AdminCall.Get(AdminCall.At($"people/{parsed.GetRequiredValue(name)}/ssh-keys")),
            (keys, output) => Table.Write(
                output,
                ["ID", "LABEL", "TYPE", "FINGERPRINT", "ATTESTED", "EXPIRES", "LAST USED", "FROM"],
                keys.Items().Select(key => (IReadOnlyList<string>)
                [
                    key.Text("id"), key.Text("label"), key.Text("type"), key.Text("fingerprint"), key.Text("attestedModel"),
                    admin.Ago(key.GetProperty("expiresAt")), admin.Ago(key.GetProperty("lastUsedAt")), key.Text("lastUsedFrom"),
                ]),
                "There are no SSH keys. Add one: countersign key add NAME --file PUB"));
    }

    private static Command Remove(AdminVerbs admin)
    {
        var name = AdminVerbs.Name();
        var id = new Argument<string>("ID") { Description = "As key list shows it." };
        return admin.Verb(
            "remove",
            "Remove an SSH key. What it holds and runs ends at once.",
            [name, id],
            parsed => AdminCall.Delete(AdminCall.At($"people/{parsed.GetRequiredValue(name)}/ssh-keys/{parsed.GetRequiredValue(id)}")),
            (key, output) => output.WriteLine($"removed {Table.Printable(key.Text("label"))}"));
    }

    private static Command Challenge(AdminVerbs admin)
    {
        var name = AdminVerbs.Name();
        return admin.Verb(
            "challenge",
            "Print a challenge for the attestation of a new key, to be written to the file for ssh-keygen -O challenge=FILE.",
            [name],
            parsed => AdminCall.Post(AdminCall.At($"people/{parsed.GetRequiredValue(name)}/ssh-keys/challenge")),
            (made, output) => output.Write($"{made.Text("challenge")}\n"));
    }

    private static string ReadText(string path) => System.Text.Encoding.UTF8.GetString(Read(path));

    private static byte[] Read(string path)
    {
        try
        {
            return new FileInfo(path) is { Exists: true, Length: > SshAttestation.MaxLength / 2 }
                ? throw new InvalidDataException($"{path}: too large for a key or an attestation")
                : File.ReadAllBytes(path);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new WrongSettingException($"{path}: there is no such file");
        }
    }
}
