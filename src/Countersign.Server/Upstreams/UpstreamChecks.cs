namespace Countersign.Server.Upstreams;

/// <param name="Ok">It answers as a Git host does.</param>
/// <param name="Detail">One line.</param>
internal sealed record UpstreamFinding(bool Ok, string Detail);

/// <summary>Asks a Git host whether it is there and speaks Git, with the credential that the gateway itself has for it.</summary>
internal sealed class UpstreamChecks(UpstreamQuestions questions, UpstreamStates states)
{
    /// <summary>No repository is called so: what a host says of it tells that it is there, and no more.</summary>
    private const string MadeUp = "countersign-check/none.git";

    public UpstreamState StateOf(string name) => states.Of(name);

    public void Forget(string name) => states.Forget(name);

    /// <param name="upstream">The host.</param>
    /// <param name="repository">A path there, or null for one that does not exist.</param>
    /// <param name="cancellation">Ends the question.</param>
    public async Task<UpstreamFinding> RunAsync(UpstreamDefinition upstream, string? repository, CancellationToken cancellation)
    {
        try
        {
            var question = UpstreamQuestion.Refs(upstream, repository ?? MadeUp, "git-upload-pack") with { Authorization = UpstreamServiceCredential.Header(upstream) };
            var finding = Judge(upstream, await questions.AskAsync(upstream, question, cancellation), repository);
            if (finding.Ok)
            {
                states.Reached(upstream.Name);
            }
            else
            {
                states.Failed(upstream.Name, finding.Detail);
            }

            return finding;
        }
        catch (UpstreamSilentException silent)
        {
            states.Failed(upstream.Name, silent.Message);
            return new(false, silent.Message);
        }
    }

    private static UpstreamFinding Judge(UpstreamDefinition upstream, UpstreamAnswer answer, string? repository) => answer switch
    {
        { Status: 200, ContentType: "application/x-git-upload-pack-advertisement" } => new(true, $"speaks Git ({repository})"),
        { Status: 200 } => new(false, $"answers, but not as a Git server does (content type {(answer.ContentType.Length > 0 ? answer.ContentType : "none")}); look at base and path"),
        { Status: 401 or 403 } when upstream.Credentials == UpstreamCredentials.Service => new(false, $"does not take the service credential ({answer.Status})"),
        { Status: 401 or 403 } when upstream.Credentials == UpstreamCredentials.Passed => new(true, $"answers, and asks for a credential ({answer.Status})"),
        { Status: 401 or 403 } => new(false, $"asks for a credential ({answer.Status}), and none is configured"),
        { Status: 404 } when repository is null => new(true, "answers (404 for a made-up repository); name a real one with --repository to see whether it speaks Git"),
        { Status: 404 } => new(false, $"has no repository {repository}, or does not show it (404); look at base and path"),
        { Status: >= 300 and < 400 } => new(false, $"sends elsewhere ({answer.Status}); look at base and path"),
        { Status: >= 500 } => new(false, $"fails with status {answer.Status}"),
        _ => new(false, $"answers with status {answer.Status}, which a Git server does not"),
    };
}
