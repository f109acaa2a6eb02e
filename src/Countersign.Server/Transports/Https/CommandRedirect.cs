using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Countersign.Core.Challenges;
using Countersign.Core.Git;
using Countersign.Server.Enforcement;
using Microsoft.Extensions.Options;

namespace Countersign.Server.Transports.Https;

/// <summary>
/// The redirect that shows the approval link in Git's own words ("warning: redirecting to ...") and gives every further request
/// of that command a key of its own. The token is stateless: its number is a MAC over its id and the repository, so that a
/// token for one repository is none for another. It opens nothing: it only names a challenge of whoever signs in with it.
/// </summary>
internal sealed partial class CommandRedirect(IOptions<HoldOptions> options, ChallengeNumber numbers, RedirectKey key)
{
    /// <summary>Only Git's own command line shows the redirect; libraries that call themselves git/ have no three-part version.</summary>
    public bool IsShownBy(string userAgent) => options.Value.Redirect && IsGitCommandLine(userAgent);

    public static bool IsGitCommandLine(string userAgent) => GitCommandLine().IsMatch(userAgent);

    public CommandToken Mint(RepositoryPath repository)
    {
        var id = ChallengeId.From(RandomNumberGenerator.GetBytes(16));
        return new(id, NumberOf(id, repository));
    }

    public bool IsGenuine(CommandToken token, RepositoryPath repository) =>
        CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(token.Number), Encoding.ASCII.GetBytes(NumberOf(token.Id, repository)));

    private string NumberOf(ChallengeId id, RepositoryPath repository)
    {
        var mac = HMACSHA256.HashData(key.Bytes, Encoding.UTF8.GetBytes($"command-token|{id}|{repository}"));
        return numbers.From(BitConverter.ToUInt32(mac));
    }

    [GeneratedRegex(@"^git/[0-9]+\.[0-9]+\.[0-9]+", RegexOptions.CultureInvariant)]
    private static partial Regex GitCommandLine();
}

/// <summary>The key of the redirect's MAC, made anew at each start: a command does not outlive its gateway.</summary>
internal sealed class RedirectKey
{
    public byte[] Bytes { get; } = RandomNumberGenerator.GetBytes(32);
}
