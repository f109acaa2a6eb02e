using Countersign.Server.Tests.Fixtures;
using Microsoft.Playwright;

namespace Countersign.Server.Tests.Browser;

/// <summary>All stories of the pages share one browser and run one after the other; each visit has a profile of its own.</summary>
[CollectionDefinition(Name)]
public sealed class BrowserCollection : ICollectionFixture<BrowserFixture>
{
    public const string Name = "browser";
}

public sealed class BrowserFixture : IAsyncLifetime
{
    private static readonly string[] Names = ["chromium", "chromium-browser", "google-chrome"];

    private static readonly string[] Quietly =
    [
        "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    ];

    private IPlaywright? playwright;
    private IBrowser? browser;

    public async ValueTask InitializeAsync()
    {
        MakeDriverExecutable();
        playwright = await Playwright.CreateAsync();
        playwright.Selectors.SetTestIdAttribute("data-test");
        browser = await playwright.Chromium.LaunchAsync(new() { ExecutablePath = Find(), Headless = true, ChromiumSandbox = false, Args = Quietly });
    }

    /// <summary>Opens a fresh profile on the gateway.</summary>
    internal Task<Visit> VisitAsync(GatewayFixture gateway, BrowserNewContextOptions? options = null) => Visit.StartAsync(browser!, gateway, options);

    public async ValueTask DisposeAsync()
    {
        if (browser is not null)
        {
            await browser.DisposeAsync();
        }

        playwright?.Dispose();
    }

    private static string Find() =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .SelectMany(folder => Names.Select(name => Path.Combine(folder, name)))
            .FirstOrDefault(File.Exists)
        ?? throw new InvalidOperationException("There is no Chromium on the PATH; ./test installs one.");

    /// <summary>The driver comes out of a package, and not every way of unpacking keeps it executable.</summary>
    private static void MakeDriverExecutable()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        foreach (var node in Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, ".playwright", "node"), "node", SearchOption.AllDirectories))
        {
            var mode = File.GetUnixFileMode(node);
            if (!mode.HasFlag(UnixFileMode.UserExecute))
            {
                File.SetUnixFileMode(node, mode | UnixFileMode.UserExecute);
            }
        }
    }
}
