using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Countersign.Server.Audit;
using Countersign.Server.Tests.Fixtures;

namespace Countersign.Server.Tests.Scenarios;

public sealed class AskingForThePasswordTests
{
    /// <summary>Git that clones from ann@host first sends the name with an empty password. A log full of that would hide the guesses.</summary>
    [Fact]
    public async Task A_name_with_an_empty_password_is_asked_for_one_and_not_recorded_as_a_guess()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        await gateway.AddPersonAsync();
        await gateway.AddRepositoryAsync();
        using var http = new HttpClient { BaseAddress = new(gateway.Url) };

        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(http, "ann:"));
        Assert.DoesNotContain(await gateway.AuditAsync(), record => record.Event.Type == AuditTypes.CredentialRejected);

        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(http, "ann:guess"));
        Assert.Contains(await gateway.AuditAsync(), record => record.Event.Type == AuditTypes.CredentialRejected);
    }

    private static async Task<HttpStatusCode> StatusAsync(HttpClient http, string pair)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/scm/ACME/core.git/info/refs?service=git-upload-pack");
        request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(pair)));
        using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);
        return response.StatusCode;
    }
}
