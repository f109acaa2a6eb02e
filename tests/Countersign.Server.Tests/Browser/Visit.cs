using System.Collections.Concurrent;
using Countersign.Core.Identities;
using Countersign.Server.People;
using Countersign.Server.Tests.Fixtures;
using Countersign.Server.Web;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Countersign.Server.Tests.Browser;

/// <summary>
/// One browser profile on a gateway. When it closes, nothing may have been complained about: no script error, no line in the
/// console (violations of the Content-Security-Policy are such lines), no request to another origin.
/// </summary>
internal sealed class Visit : IAsyncDisposable
{
    private const float PatienceMilliseconds = 30_000;
    private readonly GatewayFixture gateway;
    private readonly ConcurrentQueue<string> complaints = new();
    private readonly List<string> expected = [];
    private ICDPSession? devTools;

    private Visit(GatewayFixture gateway, IBrowserContext context, IPage page)
    {
        (this.gateway, Context, Page) = (gateway, context, page);
        context.SetDefaultTimeout(PatienceMilliseconds);
        context.Console += (_, message) => Complain(message.Type is "error" or "warning" ? $"console: {message.Text}" : null);
        context.WebError += (_, error) => complaints.Enqueue($"script: {error.Error}");
        context.Request += (_, request) => Complain(IsOwn(request.Url) ? null : $"request to {request.Url}");
    }

    public IBrowserContext Context { get; }

    public IPage Page { get; }

    public static async Task<Visit> StartAsync(IBrowser browser, GatewayFixture gateway, BrowserNewContextOptions? options)
    {
        SetDefaultExpectTimeout(PatienceMilliseconds);
        var context = await browser.NewContextAsync(options ?? new());
        return new(gateway, context, await context.NewPageAsync());
    }

    /// <summary>The element that carries this name for checks.</summary>
    public ILocator The(string name) => Page.GetByTestId(name);

    /// <summary>Once more where the page that is left was about to load itself anew, as live pages do: that ends the way to another.</summary>
    public async Task GoAsync(string path)
    {
        try
        {
            await Page.GotoAsync(gateway.Url + path);
        }
        catch (PlaywrightException left) when (left.Message.Contains("ERR_ABORTED", StringComparison.Ordinal))
        {
            await Page.GotoAsync(gateway.Url + path);
        }
    }

    public Task ClickAsync(string name) => ClickAsync(The(name));

    /// <summary>Once the page has loaded: before that its scripts have not run, and a passkey button is a plain one.</summary>
    public async Task ClickAsync(ILocator locator)
    {
        await Page.WaitForLoadStateAsync();
        await locator.ClickAsync();
    }

    /// <summary>Clicks what sends a form, and waits for the page that answers it, which may look like the one before.</summary>
    public async Task SubmitAsync(string name)
    {
        await Page.WaitForLoadStateAsync();
        await Page.EvaluateAsync("() => { document.documentElement.dataset.before = ''; }");
        await The(name).ClickAsync();
        await Expect(Page.Locator("html[data-before]")).ToHaveCountAsync(0);
        await Page.WaitForLoadStateAsync();
    }

    public Task FillAsync(string name, string text) => The(name).FillAsync(text);

    public Task AtAsync(string path) => Page.WaitForURLAsync(url => new Uri(url).AbsolutePath == path);

    public Task SeesAsync(string words) => Expect(Page.Locator("main")).ToContainTextAsync(words);

    public async Task<string> TextAsync(string selector) => (await Page.Locator(selector).InnerTextAsync()).Trim();

    /// <summary>A line in the console that belongs to what the story does, such as a page that is answered with 404.</summary>
    public void Expects(string complaint) => expected.Add(complaint);

    /// <summary>A passkey provider in the machine: it holds passkeys, and the person confirms at once.</summary>
    /// <param name="transport">How the browser reaches it.</param>
    /// <param name="autofill">The browser offers passkeys in the name field; this provider then confirms before anybody presses the button.</param>
    public async Task AddAuthenticatorAsync(string transport = "internal", bool autofill = false)
    {
        if (!autofill)
        {
            await Context.AddInitScriptAsync("window.PublicKeyCredential && (PublicKeyCredential.isConditionalMediationAvailable = async () => false);");
        }

        devTools ??= await Context.NewCDPSessionAsync(Page);
        await devTools.SendAsync("WebAuthn.enable");
        await devTools.SendAsync("WebAuthn.addVirtualAuthenticator", new()
        {
            ["options"] = new Dictionary<string, object>
            {
                ["protocol"] = "ctap2",
                ["transport"] = transport,
                ["hasResidentKey"] = true,
                ["hasUserVerification"] = true,
                ["isUserVerified"] = true,
                ["automaticPresenceSimulation"] = true,
            },
        });
    }

    /// <summary>A session as sign-in starts it, without going through its pages again.</summary>
    public async Task SignInAsync(TestPerson person, bool secondFactor = true, bool steppedUp = true)
    {
        var (secret, _) = await gateway.Get<ISessions>().StartAsync(
            new(person.Id, person.Name, secondFactor, MustSetUpFactor: !secondFactor) { SteppedUp = steppedUp },
            ClientAddress.Unknown, "Chromium", TestContext.Current.CancellationToken);
        await Context.AddCookiesAsync(
        [
            new() { Name = SessionAuthentication.CookieName, Value = secret, Url = "https://localhost/", Secure = true, HttpOnly = true, SameSite = SameSiteAttribute.Lax },
        ]);
    }

    /// <summary>Adds a passkey on its page; the session must be stepped up.</summary>
    public async Task AddPasskeyAsync(string name)
    {
        await GoAsync("/two-step");
        await FillAsync("passkey-name", name);
        await ClickAsync("add-passkey");
        await Expect(Page.GetByTestId("recovery-codes").Or(Page.GetByTestId("notice"))).ToBeVisibleAsync();
    }

    public async Task SignInWithPasskeyAsync()
    {
        await AtAsync("/sign-in");
        await ClickAsync("sign-in-passkey");
    }

    public async ValueTask DisposeAsync()
    {
        await Context.CloseAsync();
        Assert.Empty(complaints);
    }

    private bool IsOwn(string url) => url.StartsWith(gateway.Url + "/", StringComparison.Ordinal) || url.StartsWith("data:", StringComparison.Ordinal) || url.StartsWith("blob:", StringComparison.Ordinal);

    private void Complain(string? complaint)
    {
        if (complaint is not null && !expected.Exists(part => complaint.Contains(part, StringComparison.Ordinal)))
        {
            complaints.Enqueue(complaint);
        }
    }
}
