using System.Security.Cryptography;
using Countersign.Core.Challenges;
using Countersign.Core.LargeFiles;

namespace Countersign.Server.Enforcement;

/// <summary>
/// What makes two requests the same command for the person who is asked: person, credential, class, repository and network.
/// Large files are asked about apart from Git's own requests, and somebody else's lock apart from both: none joins or replaces another.
/// Requests with the same key join one challenge instead of asking twice.
/// </summary>
internal static class ChallengeKey
{
    public static string Of(CommandRequest request) =>
        $"{request.PrincipalId}|{request.Credential.Id}|{request.Command.Class}|{request.Command.Repository}|{request.Client.Network}{Files(request.Command.Lfs)}";

    private static string Files(LfsWork? work) => work switch
    {
        null => "",
        { Forced: true } => "|lfs|forced",
        _ => "|lfs",
    };

    /// <summary>True when the challenge asks for exactly what the request wants: same service, refs, ids and options.</summary>
    public static bool IsSameOperation(Challenge challenge, CommandRequest request) =>
        CryptographicOperations.FixedTimeEquals(
            Convert.FromHexString(challenge.Digest),
            Convert.FromHexString(OperationDigest.Of(challenge.Id, request.PrincipalId, request.Credential, request.Command)));
}
