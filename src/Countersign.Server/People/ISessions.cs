using Countersign.Core.Identities;

namespace Countersign.Server.People;

/// <param name="Key">Names the session (not its secret).</param>
/// <param name="Principal">Whose.</param>
/// <param name="SecondFactorPassed">False for a person who has yet to set one up: may reach only the set-up of factors.</param>
/// <param name="SteppedUpAt">When a factor was last proven in it.</param>
/// <param name="ExpiresAt">At the latest.</param>
internal sealed record Session(string Key, Principal Principal, bool SecondFactorPassed, DateTimeOffset? SteppedUpAt, DateTimeOffset ExpiresAt);

internal sealed record SessionSummary(string Key, DateTimeOffset StartedAt, DateTimeOffset LastSeenAt, string From, string UserAgent);

/// <summary>Sessions of browsers and programs: opaque 256-bit keys, stored hashed, idle 1 h, absolute 24 h.</summary>
internal interface ISessions
{
    /// <returns>The secret to hand to the client (cookie or bearer token, prefix <c>css_</c>).</returns>
    Task<(string Secret, DateTimeOffset ExpiresAt)> StartAsync(SessionStart start, ClientAddress from, string userAgent, CancellationToken cancellation);

    /// <summary>The live session; null when unknown, expired or its person is disabled. Touches its idle time.</summary>
    Session? Find(string secret);

    /// <summary>Replaces the secret (sign-in, step-up): the old one stops working at once.</summary>
    Task<string> RotateAsync(string secret, bool steppedUp, CancellationToken cancellation);

    Task EndAsync(string secret, CancellationToken cancellation);

    Task EndAllAsync(PrincipalId person, CancellationToken cancellation);

    Task<IReadOnlyList<SessionSummary>> ListAsync(PrincipalId person, CancellationToken cancellation);

    Task EndByKeyAsync(PrincipalId person, string key, CancellationToken cancellation);
}
