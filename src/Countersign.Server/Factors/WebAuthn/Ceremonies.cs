using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using Countersign.Core.WebAuthn;
using Countersign.Server.Storage.Sqlite;

namespace Countersign.Server.Factors.WebAuthn;

/// <summary>One run of navigator.credentials.create or .get, as the server remembers it.</summary>
/// <param name="Challenge">The bytes that the authenticator signs: a hash over nonce and digest.</param>
/// <param name="Nonce">256 random bits.</param>
/// <param name="Digest">What it is bound to; "" where there is no operation.</param>
internal sealed record Ceremony(byte[] Challenge, byte[] Nonce, string Digest);

/// <summary>What a ceremony may be used for: nothing else, by nobody else.</summary>
/// <param name="Purpose"><c>approve</c>, <c>sign-in</c>, <c>step-up</c>, <c>register</c>.</param>
/// <param name="Subject">The challenge's id, the session's key, or the key that the browser was given.</param>
/// <param name="Principal">Whose; "" before sign-in.</param>
internal sealed record CeremonyBinding(string Purpose, string Subject, string Principal)
{
    public const string SignIn = "sign-in";
    public const string Register = "register";
}

/// <summary>
/// Ceremonies in the ledger: five minutes, single use, over all nodes and restarts. A synced passkey has no counter, so
/// this alone is what refuses a replayed assertion.
/// </summary>
internal sealed class Ceremonies(Ledger ledger, TimeProvider clock)
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);

    /// <summary>Anybody may begin a sign-in: so many at a time, the oldest go first.</summary>
    private const int MaxSignIns = 2000;

    public async Task<Ceremony> BeginAsync(CeremonyBinding binding, string digest)
    {
        var nonce = RandomNumberGenerator.GetBytes(32);
        var ceremony = new Ceremony(WebAuthnChallenge.For(nonce, digest), nonce, digest);
        var now = clock.GetUtcNow();
        var body = JsonSerializer.Serialize(new Body(Base64Url.EncodeToString(nonce), digest));
        await ledger.WriteAsync(transaction =>
        {
            transaction.Execute("DELETE FROM ceremonies WHERE expires <= $1", now.ToUnixTimeMilliseconds());
            transaction.Execute(
                "INSERT INTO ceremonies (id, purpose, subject, principal, body, expires) VALUES ($1, $2, $3, $4, $5, $6)",
                KeyOf(ceremony.Challenge), binding.Purpose, binding.Subject, binding.Principal, body, (now + Lifetime).ToUnixTimeMilliseconds());
            return binding.Purpose != CeremonyBinding.SignIn ? 0 : transaction.Execute(
                "DELETE FROM ceremonies WHERE id IN (SELECT id FROM ceremonies WHERE purpose = $1 ORDER BY expires DESC LIMIT -1 OFFSET $2)",
                CeremonyBinding.SignIn, MaxSignIns);
        });
        return ceremony;
    }

    /// <summary>
    /// Takes the ceremony that the browser's answer belongs to; null when there is none such, it has expired, was taken
    /// before, or is for something or somebody else. Once taken it is gone, whatever comes of it.
    /// </summary>
    public async Task<Ceremony?> TakeAsync(CeremonyBinding binding, ReadOnlyMemory<byte> challenge)
    {
        var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        var body = await ledger.WriteAsync(transaction => transaction.QueryFirst(
            "DELETE FROM ceremonies WHERE id = $1 AND purpose = $2 AND subject = $3 AND principal = $4 AND expires > $5 RETURNING body",
            static row => row.GetString(0),
            KeyOf(challenge.Span), binding.Purpose, binding.Subject, binding.Principal, now));
        return body is not null && JsonSerializer.Deserialize<Body>(body) is { } kept
            ? Restore(kept)
            : null;
    }

    private static Ceremony Restore(Body body)
    {
        var nonce = Base64Url.DecodeFromChars(body.Nonce);
        return new(WebAuthnChallenge.For(nonce, body.Digest), nonce, body.Digest);
    }

    private static string KeyOf(ReadOnlySpan<byte> challenge) => Base64Url.EncodeToString(challenge);

    private sealed record Body(string Nonce, string Digest);
}
