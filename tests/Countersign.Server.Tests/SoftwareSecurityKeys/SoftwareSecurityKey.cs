using System.Security.Cryptography;

namespace Countersign.Server.Tests.SoftwareSecurityKeys;

/// <summary>
/// An SSH key in a security key of software (softsk.c), made by the real ssh-keygen. Give ssh its <see cref="Environment"/> and
/// <c>-i <see cref="PrivateKeyFile"/> -o IdentityAgent=none -o SecurityKeyProvider=$SSH_SK_PROVIDER</c>; what the security key then claims is set before.
/// </summary>
internal sealed class SoftwareSecurityKey
{
    private static readonly Lazy<Task<string>> Library = new(BuildAsync);

    private readonly string library;
    private readonly SecurityKeyMaker? maker;

    private SoftwareSecurityKey(string library, string file, SecurityKeyMaker? maker) => (this.library, PrivateKeyFile, this.maker) = (library, file, maker);

    public string PrivateKeyFile { get; }

    /// <summary>The line of the <c>.pub</c> file.</summary>
    public string PublicLine => File.ReadAllText(PrivateKeyFile + ".pub");

    /// <summary>What was written with <c>-O write-attestation</c>.</summary>
    public byte[] Attestation => File.ReadAllBytes(PrivateKeyFile + ".att");

    /// <summary>False: it signs without a touch.</summary>
    public bool? UserPresent { get; set; }

    /// <summary>Whether it says that it saw PIN or fingerprint; null: when it was asked to.</summary>
    public bool? UserVerified { get; set; }

    public bool BadSignature { get; set; }

    public uint? Counter { get; set; }

    public bool Fails { get; set; }

    /// <summary>Where each call leaves a line; null for nowhere.</summary>
    public string? Log { get; set; }

    /// <summary>For ssh.</summary>
    public IReadOnlyDictionary<string, string> Environment
    {
        get
        {
            var all = new Dictionary<string, string>(maker?.Environment ?? new Dictionary<string, string>()) { ["SSH_SK_PROVIDER"] = library };
            Set(all, "SOFTSK_UP", UserPresent is { } present ? present ? "1" : "0" : null);
            Set(all, "SOFTSK_UV", UserVerified is { } verified ? verified ? "1" : "0" : null);
            Set(all, "SOFTSK_BAD_SIGNATURE", BadSignature ? "1" : null);
            Set(all, "SOFTSK_COUNTER", Counter?.ToString(System.Globalization.CultureInfo.InvariantCulture));
            Set(all, "SOFTSK_FAIL", Fails ? "1" : null);
            Set(all, "SOFTSK_LOG", Log);
            return all;
        }
    }

    /// <param name="file">For the private key; the public one and the attestation stand beside it. Not there yet.</param>
    /// <param name="type"><c>ed25519-sk</c> or <c>ecdsa-sk</c>.</param>
    /// <param name="verifyRequired">Made with <c>-O verify-required</c>.</param>
    /// <param name="application">Null: <c>ssh:</c>.</param>
    /// <param name="challenge">The file's content for <c>-O challenge</c>; null for none.</param>
    /// <param name="maker">Who attests it; null for nobody.</param>
    /// <param name="badAttestation">The attestation's signature is one bit wrong.</param>
    public static async Task<SoftwareSecurityKey> MakeAsync(
        string file, string type = "ed25519-sk", bool verifyRequired = true, string? application = null, byte[]? challenge = null,
        SecurityKeyMaker? maker = null, bool badAttestation = false)
    {
        var library = await Library.Value;
        var key = new SoftwareSecurityKey(library, file, maker) { BadSignature = badAttestation };
        var options = new List<string> { "-q", "-t", type, "-w", library, "-N", "", "-C", "test", "-f", file, "-O", $"write-attestation={file}.att" };
        if (verifyRequired)
        {
            options.AddRange(["-O", "verify-required"]);
        }

        if (application is not null)
        {
            options.AddRange(["-O", $"application={application}"]);
        }

        if (challenge is not null)
        {
            await File.WriteAllBytesAsync($"{file}.challenge", challenge);
            options.AddRange(["-O", $"challenge={file}.challenge"]);
        }

        await Command.SucceedAsync("ssh-keygen", options, key.Environment);
        key.BadSignature = false;
        return key;
    }

    /// <summary>Builds the middleware once, beside the tests; a change of it is another file.</summary>
    private static async Task<string> BuildAsync()
    {
        var source = Path.Combine(AppContext.BaseDirectory, "SoftwareSecurityKeys", "softsk.c");
        var mark = Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(source)))[..16];
        var library = Path.Combine(AppContext.BaseDirectory, $"softsk-{mark}.so");
        if (!File.Exists(library))
        {
            var pending = $"{library}.{System.Environment.ProcessId}";
            await Command.SucceedAsync("cc", ["-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror", "-o", pending, source, "-lcrypto"]);
            File.Move(pending, library, overwrite: true);
        }

        return library;
    }

    private static void Set(Dictionary<string, string> all, string name, string? value)
    {
        if (value is not null)
        {
            all[name] = value;
        }
    }
}
