using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Countersign.Server.People;

/// <summary>
/// Secrets that the gateway itself draws (80 bits or more). Stored as plain SHA-256: a slow hash protects what can be
/// guessed, and these cannot. Looked up by the hash: what a timing of the index could tell is about the hash of a guess,
/// which the guesser knows and cannot steer towards a stored one.
/// </summary>
internal static class StoredSecret
{
    public const string TokenPrefix = "csn_";
    public const string SessionPrefix = "css_";

    /// <summary>Not stored but sealed: what stands for an SSH key where large files are.</summary>
    public const string SshLfsPrefix = "csl_";

    private const int TokenLength = 4 + 32;
    private const int SessionLength = 4 + 43;

    /// <summary><c>csn_</c> and 160 bits in 32 letters.</summary>
    public static string NewToken() => TokenPrefix + Base32.Encode(RandomNumberGenerator.GetBytes(20)).ToLowerInvariant();

    /// <summary><c>css_</c> and 256 bits in base64url.</summary>
    public static string NewSession() => SessionPrefix + Random256();

    public static string Random256() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    public static bool LooksLikeToken(string secret) => secret.Length == TokenLength && secret.StartsWith(TokenPrefix, StringComparison.Ordinal);

    public static bool LooksLikeSession(string secret) => secret.Length == SessionLength && secret.StartsWith(SessionPrefix, StringComparison.Ordinal);

    public static byte[] Hash(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));
}
