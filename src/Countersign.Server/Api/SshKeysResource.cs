using Countersign.Core.Identities;
using Countersign.Server.Factors.SecurityKeySsh;
using Countersign.Server.People;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Countersign.Server.Api;

/// <param name="Key">The one line of the .pub file. Never a private key.</param>
/// <param name="Label">Your name for it; left out, the key's comment.</param>
/// <param name="Days">How long it works; left out, without an end.</param>
/// <param name="Attestation">For a security key: the file that ssh-keygen -O write-attestation=FILE wrote, in base64.</param>
internal sealed record SshKeyInput(string Key, string? Label = null, int? Days = null, string? Attestation = null);

/// <param name="Challenge">Write this line and a line feed to a file for ssh-keygen -O challenge=FILE.</param>
/// <param name="ExpiresAt">The key has to be added before.</param>
internal sealed record SshKeyChallengeView(string Challenge, DateTimeOffset ExpiresAt);

/// <summary>SSH keys: the first factor of Git over SSH and, in a security key, perhaps the second too.</summary>
internal static class SshKeysResource
{
    private static readonly Refusal NoBase64 = new("bad_attestation", "attestation is the file's content in base64.");

    public static void Map(RouteGroupBuilder api)
    {
        var own = api.MapGroup("/ssh-keys").WithTags("SSH keys");
        own.MapGet("", ListOwnAsync).For(ApiAccess.Person)
            .WithName("listSshKeys").WithSummary("Your SSH keys.");
        own.MapPost("", AddOwnAsync).For(ApiAccess.Person, freshStepUp: true)
            .WithName("addSshKey").WithSummary("Add an SSH key. A key belongs to one person, for ever.");
        own.MapPost("/challenge", ChallengeOwnAsync).For(ApiAccess.Person)
            .WithName("challengeForSshKey").WithSummary("A challenge for the attestation of a new security key's key; good for one, and for an hour.");
        own.MapDelete("/{id}", RemoveOwnAsync).For(ApiAccess.Person, freshStepUp: true)
            .WithName("removeSshKey").WithSummary("Remove an SSH key. What it holds and runs ends at once.");
        var theirs = api.MapGroup("/people/{name}/ssh-keys").WithTags("People");
        theirs.MapGet("", ListTheirsAsync).For(ApiAccess.Administrator)
            .WithName("listSshKeysOf").WithSummary("A person's SSH keys.");
        theirs.MapPost("", AddTheirsAsync).For(ApiAccess.LocalAdministrator)
            .WithName("addSshKeyFor").WithSummary("Add an SSH key for a person. Only on the gateway's own machine.");
        theirs.MapPost("/challenge", ChallengeTheirsAsync).For(ApiAccess.LocalAdministrator)
            .WithName("challengeForSshKeyOf").WithSummary("A challenge for the attestation of a person's new security key's key. Only on the gateway's own machine.");
        theirs.MapDelete("/{id}", RemoveTheirsAsync).For(ApiAccess.Administrator, freshStepUp: true)
            .WithName("removeSshKeyOf").WithSummary("Remove a person's SSH key.");
    }

    private static async Task<Ok<IReadOnlyList<SshKeySummary>>> ListOwnAsync(Caller caller, ISshKeys keys, CancellationToken cancellation) =>
        TypedResults.Ok(await keys.ListAsync(caller.Person.Id, cancellation));

    private static Task<Results<Created<SshKeySummary>, ProblemHttpResult>> AddOwnAsync(SshKeyInput input, Caller caller, ISshKeys keys, CancellationToken cancellation) =>
        AddAsync(caller.Person.Id, input, caller, keys, cancellation);

    private static async Task<Ok<SshKeyChallengeView>> ChallengeOwnAsync(Caller caller, ISshKeys keys, CancellationToken cancellation) =>
        TypedResults.Ok(Of(await keys.MakeChallengeAsync(caller.Person.Id, cancellation)));

    private static Task<Results<Ok<SshKeySummary>, ProblemHttpResult>> RemoveOwnAsync(string id, Caller caller, ISshKeys keys, CancellationToken cancellation) =>
        RemoveAsync(caller.Person.Id, id, caller, keys, cancellation);

    private static async Task<Results<Ok<IReadOnlyList<SshKeySummary>>, ProblemHttpResult>> ListTheirsAsync(
        string name, IPeople people, ISshKeys keys, CancellationToken cancellation) =>
        await people.FindAsync(name, cancellation) is { } person ? TypedResults.Ok(await keys.ListAsync(person.Id, cancellation)) : Problems.NotFound("person");

    private static async Task<Results<Created<SshKeySummary>, ProblemHttpResult>> AddTheirsAsync(
        string name, SshKeyInput input, Caller caller, IPeople people, ISshKeys keys, CancellationToken cancellation) =>
        await people.FindAsync(name, cancellation) is { } person ? await AddAsync(person.Id, input, caller, keys, cancellation) : Problems.NotFound("person");

    private static async Task<Results<Ok<SshKeyChallengeView>, ProblemHttpResult>> ChallengeTheirsAsync(
        string name, IPeople people, ISshKeys keys, CancellationToken cancellation) =>
        await people.FindAsync(name, cancellation) is { } person ? TypedResults.Ok(Of(await keys.MakeChallengeAsync(person.Id, cancellation))) : Problems.NotFound("person");

    private static async Task<Results<Ok<SshKeySummary>, ProblemHttpResult>> RemoveTheirsAsync(
        string name, string id, Caller caller, IPeople people, ISshKeys keys, CancellationToken cancellation) =>
        await people.FindAsync(name, cancellation) is { } person ? await RemoveAsync(person.Id, id, caller, keys, cancellation) : Problems.NotFound("person");

    private static async Task<Results<Created<SshKeySummary>, ProblemHttpResult>> AddAsync(
        PrincipalId owner, SshKeyInput input, Caller caller, ISshKeys keys, CancellationToken cancellation)
    {
        var attestation = input.Attestation is { } text ? Decode(text) : [];
        if (attestation is null)
        {
            return NoBase64.ToProblem();
        }

        var result = input.Attestation is null
            ? await keys.AddAsync(owner, input.Key, input.Label, input.Days, caller.Actor, cancellation)
            : await keys.AddAttestedAsync(owner, input.Key, attestation, input.Label, input.Days, caller.Actor, cancellation);
        return result.Value is { } key ? TypedResults.Created((string?)null, key) : result.Refusal!.ToProblem();
    }

    private static async Task<Results<Ok<SshKeySummary>, ProblemHttpResult>> RemoveAsync(
        PrincipalId owner, string id, Caller caller, ISshKeys keys, CancellationToken cancellation)
    {
        var result = await keys.RemoveAsync(owner, id, caller.Actor, cancellation);
        return result.Value is { } key ? TypedResults.Ok(key) : result.Refusal!.ToProblem();
    }

    private static SshKeyChallengeView Of(AttestationChallenge challenge) => new(challenge.Text, challenge.ExpiresAt);

    private static byte[]? Decode(string text)
    {
        var bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text, bytes, out var length) ? bytes[..length] : null;
    }
}
