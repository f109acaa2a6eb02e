using System.Buffers;
using System.Text;
using Countersign.Core.Challenges;
using Countersign.Core.Git;
using Countersign.Core.Identities;
using Countersign.Server.Enforcement;
using Countersign.Server.People;
using Countersign.Server.Web.Views;

namespace Countersign.Server.Transports.Ssh;

/// <summary>
/// What else can be said over SSH: who one is, what waits, and one approval. A key alone creates, changes and resets nothing:
/// even an approval takes a code.
/// </summary>
internal sealed class SshDesk(ISshKeys keys, ChallengeReader challenges, Approvals approvals, SshState state, GatewayOptions gateway, TimeProvider clock)
{
    private const int MaxRequests = 200;

    private string Url => gateway.Url.GetLeftPart(UriPartial.Authority);

    public async Task<int> GreetAsync(SshSession session, AuthenticatedCredential who, CancellationToken cancellation)
    {
        var factors = who.Principal.Factors.Where(kind => kind is not (FactorKind.RecoveryCode or FactorKind.SecurityKeySsh)).Order().Select(Words.Of).ToList();
        var all = await keys.ListAsync(who.Principal.Id, cancellation);
        var waiting = Waiting(who.Principal).Count;
        return await SayAsync(
            session,
            [
                $"Hi {who.Principal.Name}. This is Countersign at {Url}",
                factors.Count > 0
                    ? $"Two-step verification: {string.Join(", ", factors)}."
                    : $"Two-step verification is not set up. It takes two minutes: {Url}/security",
                $"SSH keys: {all.Count}. You came with \"{who.Credential.Label}\".",
                .. waiting > 0 ? (string[])[$"Requests that wait for you: {waiting}. They are listed by {state.Command} requests"] : [],
                $"What can be done here: {state.Command} help",
            ],
            cancellation);
    }

    public Task<int> HelpAsync(SshSession session, CancellationToken cancellation) => SayAsync(
        session,
        [
            "git clone, fetch, pull, push, ls-remote and archive work as everywhere:",
            $"  {state.Pattern}",
            $"Besides, after {state.Command}",
            "  requests          what waits for your approval",
            "  approve ID CODE   approves it with a code of your authenticator app",
            "  help              this",
            $"Your repositories: {Url}/repositories",
            $"Passkeys, authenticator app, SSH keys: {Url}/security",
        ],
        cancellation);

    public Task<int> ListAsync(SshSession session, AuthenticatedCredential who, CancellationToken cancellation)
    {
        var waiting = Waiting(who.Principal);
        return SayAsync(session, waiting.Count == 0 ? ["Nothing waits for your approval."] : [.. waiting.SelectMany(Lines), $"Approve at {Url}/ or with {state.Command} approve ID CODE"], cancellation);
    }

    public async Task<int> ApproveAsync(SshSession session, AuthenticatedCredential who, SshCommandLine.Approve line, CancellationToken cancellation)
    {
        if (line is not { Request: { } id, Code: { } code })
        {
            return await RefuseAsync(session, ["Say approve ID CODE, as in approve WDJB-MJHT 123456"], cancellation);
        }

        var result = await approvals.ApproveAsync(who.Principal, id, new(null, code, null, null), cancellation);
        return result.Outcome switch
        {
            ApprovalOutcome.Done => await SayAsync(session, [$"Approved: {Describe(result.Challenge!)}. The command goes on."], cancellation),
            ApprovalOutcome.NotFound => await RefuseAsync(session, ["You have no such request. The command requests lists them."], cancellation),
            ApprovalOutcome.AlreadySettled => await RefuseAsync(session, ["That request is settled or over. Run its command again."], cancellation),
            ApprovalOutcome.NumberOwed => await RefuseAsync(
                session, ["This request asks for the number that its command shows.", $"Approve it at {Url}/a/{id}"], cancellation),
            _ => await RefuseAsync(
                session, [.. Sentences(Words.Trouble(result, clock.GetUtcNow()) ?? "That did not work."), $"Or approve it at {Url}/a/{id}"], cancellation),
        };
    }

    private List<Challenge> Waiting(Principal principal) =>
        [.. challenges.List(principal.Id, MaxRequests).Where(challenge => challenge.State is ChallengeState.Pending)];

    private IEnumerable<string> Lines(Challenge challenge) =>
    [
        $"{challenge.Id}  {Describe(challenge)}, from {challenge.Client}, {When.InWords(challenge.CreatedAt, clock.GetUtcNow())}",
        .. RefRow.InOrderOfDanger(challenge.Command.Updates).Take(RequestView.RowsShown).Select(row => $"           {row.Name}  {row.Old ?? "nothing"} -> {row.New ?? "nothing"}  {row.Mark}".TrimEnd()),
        .. NumberState(challenge) is { } number ? (string[])[$"           {number}"] : [],
        .. challenge.Command.Updates.Count > RequestView.RowsShown
            ? (string[])[$"           and {challenge.Command.Updates.Count - RequestView.RowsShown} more: {Url}/a/{challenge.Id}"]
            : [],
    ];

    private string? NumberState(Challenge challenge) => challenge switch
    {
        { AwaitsNumber: not null } => $"approved on your device; type its number at {Url}/a/{challenge.Id}",
        { NumberTyped: true } => "its number was typed; now approve it on your device",
        _ => null,
    };

    private string Describe(Challenge challenge) => new RequestView(challenge, clock.GetUtcNow()).Operation;

    /// <summary>A page wraps what it says by itself; a terminal gets a line for each sentence.</summary>
    private static string[] Sentences(string text) => text.Replace(". ", ".\n", StringComparison.Ordinal).Split('\n');

    private static async Task<int> SayAsync(SshSession session, IEnumerable<string> lines, CancellationToken cancellation)
    {
        session.Output.Write(Encoding.UTF8.GetBytes(string.Concat(lines.Select(line => TerminalText.Line(line) + "\n"))));
        await session.Output.FlushAsync(cancellation);
        return 0;
    }

    private static async Task<int> RefuseAsync(SshSession session, IEnumerable<string> lines, CancellationToken cancellation)
    {
        await new SshTerminal(session.Error).SayAsync(lines, cancellation);
        return 1;
    }
}
