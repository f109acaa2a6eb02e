using System.Diagnostics;
using System.Globalization;
using Countersign.Server.Tests.Fixtures;

namespace Countersign.Server.Tests.Clients;

/// <summary>
/// One client of the matrix: a small program around a Git library that takes <c>clone URL FOLDER</c>, <c>fetch FOLDER</c> or
/// <c>push FOLDER</c>, gets its person's name and token as every application of that library does, and prints what it could show.
/// </summary>
/// <param name="Name">As docs/clients.md and the stories call it.</param>
/// <param name="Driver">The folder of its driver here and, made ready by <c>prepare</c>, below artifacts/clients.</param>
internal sealed record ClientProgram(string Name, string Driver)
{
    public const string Category = "clients";

    public static IReadOnlyList<ClientProgram> All { get; } =
    [
        new("git v0", "git") { Protocol = 0 },
        new("git v1", "git") { Protocol = 1 },
        new("git v2", "git"),
        new("git with a credential store", "git") { HasStore = true },
        new("JGit", "jgit"),
        new("libgit2", "libgit2"),
        new("dulwich", "dulwich"),
        new("go-git", "go-git"),
        new("isomorphic-git", "isomorphic-git"),
    ];

    /// <summary>Asked for by Git's own command line only.</summary>
    public int Protocol { get; private init; } = 2;

    /// <summary>Takes its credentials from a file, and erases there what it is told is wrong.</summary>
    public bool HasStore { get; private init; }

    public bool IsGit => Driver == "git";

    public static ClientProgram Of(string name) => All.Single(client => client.Name == name);

    public GitClient.RunningGit Start(ClientHome home, params ReadOnlySpan<string> arguments)
    {
        var program = Path.Combine(Checkout.Root, "artifacts", "clients", Driver, "client");
        Assert.True(File.Exists(program), $"{Name} is not here: tests/Countersign.Server.Tests/Clients/prepare gets it, and says what it could not get.");
        var start = new ProcessStartInfo(program, arguments.ToArray())
        {
            WorkingDirectory = home.Folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        GitClient.Isolate(start, home.Folder);
        start.Environment["CLIENT_PROTOCOL"] = Protocol.ToString(CultureInfo.InvariantCulture);
        start.Environment["CLIENT_USER"] = home.Person.Name;
        start.Environment["CLIENT_TOKEN"] = home.Person.Token;
        start.Environment["CLIENT_STORE"] = HasStore ? home.StoreFile : "";
        var process = Process.Start(start) ?? throw new InvalidOperationException($"{Name} did not start");
        process.StandardInput.Close();
        return new(process);
    }
}
