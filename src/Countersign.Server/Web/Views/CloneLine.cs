using Countersign.Core.Git;
using Countersign.Server.Transports.Ssh;

namespace Countersign.Server.Web.Views;

/// <summary>Addresses to clone from, built from the configured address, with the person's name in it so that Git asks only for the password.</summary>
internal static class CloneLine
{
    public static string Address(GatewayOptions options, string person, RepositoryPath repository) =>
        new UriBuilder(options.Url) { UserName = Uri.EscapeDataString(person), Path = $"{options.Url.AbsolutePath.TrimEnd('/')}/scm/{repository}.git" }.Uri.AbsoluteUri;

    public static string Command(GatewayOptions options, string person, RepositoryPath repository) =>
        $"git clone {Address(options, person, repository)}";

    public static string SshAddress(SshFacts ssh, RepositoryPath repository) => $"{ssh.Url}/{repository}.git";

    /// <summary>Null while Git over SSH is not served.</summary>
    public static string? SshCommand(SshState ssh, RepositoryPath repository) =>
        ssh.Facts is { } facts ? $"git clone {SshAddress(facts, repository)}" : null;
}
