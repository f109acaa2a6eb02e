using Countersign.Server.Tests.Fakes;
using Countersign.Server.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Countersign.Server.Tests.People;

public sealed class SessionAuthenticationTests
{
    [Fact]
    public async Task A_cookie_and_a_bearer_token_are_each_a_session_and_both_together_are_none()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var ann = await gateway.AddPersonAsync("ann");
        var (secret, _) = await gateway.Sessions.StartAsync(new(ann.Id, ann.Name, true, false), PeopleFixture.Home, "test", CancellationToken.None);
        var cookie = $"{SessionAuthentication.CookieName}={secret}";

        var byCookie = await AuthenticateAsync(gateway, cookie, null);
        var byBearer = await AuthenticateAsync(gateway, null, $"Bearer {secret}");

        Assert.Equal((ann.Id, true), (byCookie!.Session.Principal.Id, byCookie.FromCookie));
        Assert.Equal((byCookie.Session.Key, false, secret), (byBearer!.Session.Key, byBearer.FromCookie, byBearer.Secret));
        Assert.Null(await AuthenticateAsync(gateway, cookie, $"Bearer {secret}"));
        Assert.Null(await AuthenticateAsync(gateway, null, null));
        Assert.Null(await AuthenticateAsync(gateway, null, $"Basic {secret}"));
        Assert.Null(await AuthenticateAsync(gateway, $"countersign={secret}", null)); // without the prefix a sibling host could have set it
        Assert.Null(await AuthenticateAsync(gateway, cookie + "x", null));
    }

    [Fact]
    public async Task An_access_token_for_Git_is_no_session()
    {
        await using var gateway = await PeopleFixture.StartAsync();
        var ann = await gateway.AddPersonAsync("ann");
        var (_, secret) = (await gateway.Tokens.AddAsync(ann.Id, "laptop", 1, "test", CancellationToken.None)).Value;

        Assert.Null(await AuthenticateAsync(gateway, null, $"Bearer {secret}"));
        Assert.Null(await AuthenticateAsync(gateway, $"{SessionAuthentication.CookieName}={secret}", null));
    }

    [Fact]
    public void The_cookie_is_for_this_host_alone_and_out_of_reach_of_scripts()
    {
        var response = new DefaultHttpContext().Response;
        response.SetSessionCookie("css_secret");
        Assert.Equal("__Host-countersign=css_secret; path=/; secure; samesite=lax; httponly", response.Headers.SetCookie.ToString());

        response = new DefaultHttpContext().Response;
        response.ClearSessionCookie();
        Assert.Matches("^__Host-countersign=; expires=.*; path=/; secure; samesite=lax; httponly$", response.Headers.SetCookie.ToString());
    }

    private static async Task<SessionIdentity?> AuthenticateAsync(PeopleFixture gateway, string? cookie, string? authorization)
    {
        var services = new ServiceCollection().AddLogging().AddSingleton(gateway.Sessions);
        services.AddSessionAuthentication();
        await using var provider = services.BuildServiceProvider();
        var context = new DefaultHttpContext { RequestServices = provider };
        context.Request.Headers.Cookie = cookie;
        context.Request.Headers.Authorization = authorization;
        return (await context.AuthenticateAsync()).Principal?.Identity as SessionIdentity;
    }
}
