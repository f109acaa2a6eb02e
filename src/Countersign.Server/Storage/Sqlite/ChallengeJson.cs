using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;
using Countersign.Core.Challenges;
using Countersign.Core.Git;
using Countersign.Core.Identities;
using Countersign.Core.LargeFiles;
using Countersign.Core.Policies;

namespace Countersign.Server.Storage.Sqlite;

/// <summary>How a challenge is written in its row. Parsed names are parsed again when read: a row that was tampered with is an error, not a challenge.</summary>
internal static partial class ChallengeJson
{
    public static string Write(Challenge challenge) => JsonSerializer.Serialize(From(challenge), Json.Default.Row);

    public static Challenge Read(string body) =>
        To(JsonSerializer.Deserialize(body, Json.Default.Row) ?? throw new InvalidDataException("a challenge is empty"));

    /// <param name="proof">What the grant stands for.</param>
    /// <param name="updates">Digest of the only ref updates that the grant covers; null when none were known at approval.</param>
    /// <param name="files">The Git LFS request that was approved, where the grant covers such alone; null when Git's own was.</param>
    public static string WriteGrant(FactorProof proof, string? updates, LfsWork? files) =>
        JsonSerializer.Serialize(new GrantRow(FromProof(proof), updates, files is not null, files is { Forced: true } ? files.Subject : null, files is { ThenPush: true } ? files.For?.Value : null), Json.Default.GrantRow);

    public static (FactorProof Proof, string? Updates, bool LfsOnly, string? ForcedUnlock, RefName? ThenPush) ReadGrant(string body) =>
        JsonSerializer.Deserialize(body, Json.Default.GrantRow) is { } row
            ? (ToProof(row.Proof), row.Updates, row.LfsOnly, row.ForcedUnlock, ToRef(row.ThenPush))
            : throw new InvalidDataException("a grant is empty");

    private static Row From(Challenge challenge) => new(
        challenge.Id.Value, challenge.PrincipalId.ToString(), challenge.PrincipalName, challenge.Credential.Id, challenge.Credential.Label,
        challenge.Command.Service, challenge.Command.Repository.ToString(),
        [.. challenge.Command.Updates.Select(update => new Update(update.Old.Hex, update.New.Hex, update.Name.Value, update.Forced, update.Commits))],
        [.. challenge.Command.PushOptions], challenge.Client.Address.ToString(), challenge.UserAgent, challenge.CommandToken?.ToString(),
        challenge.Requirement.Strength, [.. challenge.Requirement.Kinds], [.. challenge.Requirement.Models], challenge.Requirement.Number,
        challenge.Terms.Scope, (long)challenge.Terms.Idle.TotalSeconds, (long)challenge.Terms.Max.TotalSeconds,
        challenge.Number, challenge.Digest, challenge.CreatedAt.ToUnixTimeMilliseconds(), challenge.ExpiresAt.ToUnixTimeMilliseconds(),
        challenge.State.Name, Cause(challenge.State), Proof(challenge.State), challenge.WrongNumbers, challenge.Version,
        challenge.Command.Lfs is { } work ? new(work.Verb, work.Files, work.Bytes, work.Subject, work.Forced, work.Path, work.Owner, work.For?.Value, work.ThenPush) : null,
        challenge.Command.Hidden, challenge.NumberTyped, challenge.AwaitsNumber is { } proof ? FromProof(proof) : null);

    private static Challenge To(Row row) => new()
    {
        Id = Id(row.Id),
        PrincipalId = PrincipalId.TryParse(row.PrincipalId, out var principal) ? principal : throw Broken("principal"),
        PrincipalName = row.PrincipalName,
        Credential = new(row.CredentialId, row.CredentialLabel),
        Command = new(row.Service, RepositoryPath.TryParse(row.Repository, out var path) ? path : throw Broken("repository"))
        {
            Updates = [.. row.Updates.Select(ToUpdate)],
            PushOptions = row.PushOptions,
            Hidden = row.Hidden,
            Lfs = row.Lfs is { } work ? ToWork(work) : null,
        },
        Client = new(IPAddress.Parse(row.Client)),
        UserAgent = row.UserAgent,
        CommandToken = row.CommandToken is null ? null : CommandToken.TryParse(row.CommandToken, out var token) ? token : throw Broken("token"),
        Requirement = new() { Strength = row.Strength, Kinds = row.Kinds.ToHashSet(), Models = row.Models.ToHashSet(), Number = row.NumberOwed },
        Terms = new() { Scope = row.Scope, Idle = TimeSpan.FromSeconds(row.Idle), Max = TimeSpan.FromSeconds(row.Max) },
        Number = row.Number,
        Digest = row.Digest,
        CreatedAt = DateTimeOffset.FromUnixTimeMilliseconds(row.CreatedAt),
        ExpiresAt = DateTimeOffset.FromUnixTimeMilliseconds(row.ExpiresAt),
        State = State(row),
        WrongNumbers = row.WrongNumbers,
        NumberTyped = row.NumberTyped,
        AwaitsNumber = row.AwaitsNumber is { } proof ? ToProof(proof) : null,
        Version = row.Version,
    };

    private static LfsWork ToWork(Work work) => new(work.Verb, work.Files, work.Bytes, work.Subject)
    {
        Forced = work.Forced,
        Path = work.Path,
        Owner = work.Owner,
        For = ToRef(work.For),
        ThenPush = work.ThenPush,
    };

    private static RefName? ToRef(string? text) => text is null ? null : RefName.TryParse(text, out var name) ? name : throw Broken("ref");

    private static RefUpdate ToUpdate(Update update) =>
        ObjectId.TryParse(update.Old, out var old) && ObjectId.TryParse(update.New, out var @new) && RefName.TryParse(update.Name, out var name)
            ? new(old, @new, name) { Forced = update.Forced, Commits = update.Commits }
            : throw Broken("ref");

    private static ChallengeState State(Row row) => row.State switch
    {
        nameof(ChallengeState.Pending) => new ChallengeState.Pending(),
        nameof(ChallengeState.Approved) => new ChallengeState.Approved(ToProof(row.Proof)),
        nameof(ChallengeState.Spent) => new ChallengeState.Spent(ToProof(row.Proof)),
        nameof(ChallengeState.Denied) => new ChallengeState.Denied(Enum.Parse<DenialCause>(row.Cause ?? "")),
        nameof(ChallengeState.Cancelled) => new ChallengeState.Cancelled(Enum.Parse<CancelCause>(row.Cause ?? "")),
        nameof(ChallengeState.Expired) => new ChallengeState.Expired(),
        _ => throw Broken("state"),
    };

    private static string? Cause(ChallengeState state) => state switch
    {
        ChallengeState.Denied denied => denied.Cause.ToString(),
        ChallengeState.Cancelled cancelled => cancelled.Cause.ToString(),
        _ => null,
    };

    private static ProofRow? Proof(ChallengeState state) => state switch
    {
        ChallengeState.Approved approved => FromProof(approved.Proof),
        ChallengeState.Spent spent => FromProof(spent.Proof),
        _ => null,
    };

    private static ProofRow FromProof(FactorProof proof) =>
        new(proof.ChallengeId.Value, proof.Kind, proof.Strength, proof.Authenticator, proof.NumberTyped, proof.Aaguid, proof.AuthenticatorId, proof.Evidence, proof.Remote?.Transaction, proof.Remote?.Device);

    private static FactorProof ToProof(ProofRow? row) =>
        row is null
            ? throw Broken("proof")
            : new(Id(row.ChallengeId), row.Kind, row.Strength, row.Authenticator)
            {
                NumberTyped = row.NumberTyped,
                Aaguid = row.Aaguid,
                AuthenticatorId = row.AuthenticatorId,
                Evidence = row.Evidence,
                Remote = row is { Transaction: { } transaction, Device: { } device } ? new(transaction, device) : null,
            };

    private static ChallengeId Id(string text) => ChallengeId.TryParse(text, out var id) ? id : throw Broken("id");

    private static InvalidDataException Broken(string part) => new($"a stored challenge has a broken {part}");

    internal sealed record Row(
        string Id, string PrincipalId, string PrincipalName, string CredentialId, string CredentialLabel,
        GitService Service, string Repository, Update[] Updates, string[] PushOptions, string Client, string UserAgent, string? CommandToken,
        Strength Strength, FactorKind[] Kinds, Guid[] Models, bool NumberOwed, GrantScope Scope, long Idle, long Max,
        string Number, string Digest, long CreatedAt, long ExpiresAt,
        string State, string? Cause, ProofRow? Proof, int WrongNumbers, long Version, Work? Lfs = null, HiddenRefs Hidden = HiddenRefs.None,
        bool NumberTyped = false, ProofRow? AwaitsNumber = null);

    internal sealed record Update(string Old, string New, string Name, bool? Forced, int? Commits);

    internal sealed record ProofRow(
        string ChallengeId, FactorKind Kind, Strength Strength, string Authenticator, bool NumberTyped, Guid? Aaguid, string? AuthenticatorId, string? Evidence,
        string? Transaction = null, string? Device = null);

    internal sealed record GrantRow(ProofRow Proof, string? Updates, bool LfsOnly = false, string? ForcedUnlock = null, string? ThenPush = null);

    internal sealed record Work(LfsVerb Verb, int Files, long Bytes, string Subject, bool Forced, string? Path = null, string? Owner = null, string? For = null, bool ThenPush = false);

    [JsonSourceGenerationOptions(UseStringEnumConverter = true, RespectRequiredConstructorParameters = true, RespectNullableAnnotations = true)]
    [JsonSerializable(typeof(Row))]
    [JsonSerializable(typeof(GrantRow))]
    private sealed partial class Json : JsonSerializerContext;
}
