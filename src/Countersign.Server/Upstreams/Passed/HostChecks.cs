using System.Text;
using System.Text.Json;
using Countersign.Core.Git;

namespace Countersign.Server.Upstreams.Passed;

/// <summary>
/// Asks a Git host whose a credential is. An answer counts only when the same question without the credential is answered
/// differently: what a host shows to everybody proves nothing, whatever credential was sent along.
/// </summary>
internal sealed class HostChecks(UpstreamQuestions questions, AnonymousAnswers anonymous)
{
    private const int MaxIdentity = 64 * 1024;

    /// <summary>How far one answer reaches: the repository that was asked for, or the host where it says who somebody is.</summary>
    public static string ScopeOf(UpstreamPlace place) => IdentityOf(place) is UpstreamIdentity.Address ? "" : place.Path;

    /// <summary>Sends the credential at most twice, and never again after it was refused. Throws <see cref="UpstreamSilentException"/>.</summary>
    public async Task<HostVerdict> AskAsync(UpstreamPlace place, GitService service, PresentedCredential credential, CancellationToken cancellation) =>
        IdentityOf(place) switch
        {
            UpstreamIdentity.Address address => await ByAddressAsync(place.Upstream, address, credential, cancellation),
            UpstreamIdentity.Header header => await ByHeaderAsync(place, service, header.Name, credential, cancellation),
            _ when credential.UserName is { } name => await ByNameAsync(place, service, name, credential, cancellation),
            _ => new HostVerdict.Refused(Everywhere: false), // a bearer token names nobody
        };

    private static UpstreamIdentity IdentityOf(UpstreamPlace place) =>
        UpstreamIdentity.TryParse(place.Upstream.Identity, out var identity) ? identity : throw new InvalidDataException($"The Git host {place.Upstream.Name} has no readable identity.");

    /// <summary>The ref list for the service, else for the other one: a public repository shows only one of them to everybody.</summary>
    private async Task<HostVerdict> ByNameAsync(UpstreamPlace place, GitService service, string name, PresentedCredential credential, CancellationToken cancellation)
    {
        HostVerdict verdict = new HostVerdict.Open();
        foreach (var word in service == GitService.ReceivePack ? (string[])["git-receive-pack", "git-upload-pack"] : ["git-upload-pack", "git-receive-pack"])
        {
            var question = UpstreamQuestion.Refs(place.Upstream, place.Path, word);
            if (!IsClosed(await anonymous.OfAsync(place.Upstream, question, cancellation)))
            {
                continue;
            }

            var answer = Meaningful(await questions.AskAsync(place.Upstream, question with { Authorization = credential.Passed.Reveal() }, cancellation));
            if (answer.Status == 401)
            {
                return new HostVerdict.Refused(Everywhere: true);
            }

            if (answer.Status == 200 && answer.ContentType == $"application/x-{word}-advertisement")
            {
                // The name is the asker's own word: nobody may be believed because the repository was made or opened meanwhile.
                if (IsClosed(await anonymous.AnewAsync(place.Upstream, question, cancellation)))
                {
                    return new HostVerdict.Known(name);
                }

                continue;
            }

            verdict = new HostVerdict.Refused(Everywhere: false); // perhaps it may read and not write
        }

        return verdict;
    }

    private async Task<HostVerdict> ByHeaderAsync(UpstreamPlace place, GitService service, string header, PresentedCredential credential, CancellationToken cancellation)
    {
        var question = UpstreamQuestion.Refs(place.Upstream, place.Path, service == GitService.ReceivePack ? "git-receive-pack" : "git-upload-pack") with { Header = header };
        if ((await anonymous.OfAsync(place.Upstream, question, cancellation)).Named is { Length: > 0 })
        {
            return new HostVerdict.Open();
        }

        var answer = Meaningful(await questions.AskAsync(place.Upstream, question with { Authorization = credential.Passed.Reveal() }, cancellation));
        return answer switch
        {
            { Status: 401 } => new HostVerdict.Refused(Everywhere: true),
            { Named: { Length: > 0 } name } => new HostVerdict.Known(name),
            _ => new HostVerdict.Refused(Everywhere: false),
        };
    }

    private async Task<HostVerdict> ByAddressAsync(UpstreamDefinition upstream, UpstreamIdentity.Address address, PresentedCredential credential, CancellationToken cancellation)
    {
        var question = new UpstreamQuestion(address.Path) { MaxBody = MaxIdentity };
        if (NameIn(await anonymous.OfAsync(upstream, question, cancellation), address.Member) is not null)
        {
            return new HostVerdict.Open();
        }

        var answer = Meaningful(await questions.AskAsync(upstream, question with { Authorization = credential.Passed.Reveal() }, cancellation));
        return answer.Status == 401 ? new HostVerdict.Refused(Everywhere: true)
            : NameIn(answer, address.Member) is { } name ? new HostVerdict.Known(name)
            : new HostVerdict.Refused(Everywhere: false);
    }

    private static bool IsClosed(UpstreamAnswer answer) => answer.Status is 401 or 403 or 404;

    /// <summary>A failure, a redirect and "too many" say nothing about the credential.</summary>
    public static UpstreamAnswer Meaningful(UpstreamAnswer answer) =>
        answer.Status is 200 or 401 or 403 or 404 ? answer : throw new UpstreamSilentException($"it answered with status {answer.Status}");

    private static string? NameIn(UpstreamAnswer answer, string? member)
    {
        if (answer is not { Status: 200, Body: { } body })
        {
            return null;
        }

        try
        {
            var text = member is null ? new UTF8Encoding(false, true).GetString(body) : MemberOf(body, member);
            return string.IsNullOrWhiteSpace(text) ? null : text.Trim();
        }
        catch (Exception exception) when (exception is JsonException or DecoderFallbackException)
        {
            return null;
        }
    }

    private static string? MemberOf(byte[] body, string member)
    {
        using var json = JsonDocument.Parse(body, new() { MaxDepth = 16, AllowDuplicateProperties = false });
        return json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
    }
}
