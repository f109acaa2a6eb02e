using Microsoft.Playwright;

namespace Countersign.Server.Tests.Browser;

/// <summary>What holds for every page in every state, measured in the browser as it is laid out and coloured.</summary>
internal static class PageAudit
{
    private const string Structure =
        """
        () => {
          const wrong = [];
          const shown = (element) => element.checkVisibility({ visibilityProperty: true });
          const all = (selector) => [...document.querySelectorAll(selector)].filter(shown);
          const about = (element) => element.outerHTML.slice(0, 120);
          if (document.documentElement.lang !== 'en') wrong.push('no language');
          if (all('h1').length !== 1) wrong.push(`${all('h1').length} h1`);
          for (const landmark of ['header', 'main']) if (all(landmark).length !== 1) wrong.push(`${all(landmark).length} ${landmark}`);
          let level = 0;
          for (const heading of all('h1, h2, h3')) {
            const next = Number(heading.tagName[1]);
            if (next > level + 1) wrong.push(`h${next} after h${level}: ${heading.textContent}`);
            level = next;
          }
          const ids = [...document.querySelectorAll('[id]')].map((element) => element.id);
          for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) wrong.push(`id ${id} twice`);
          for (const field of all('input:not([type=hidden]), select, textarea'))
            if (!field.labels?.length && !field.ariaLabel) wrong.push(`no label: ${about(field)}`);
          for (const control of all('button, a')) if (!control.textContent.trim() && !control.ariaLabel) wrong.push(`no name: ${about(control)}`);
          for (const target of all('button, .button, summary, select, input:not([type=hidden]):not([type=checkbox]), .main-nav a, .check, .danger-link:not(p .danger-link)'))
            if (target.getBoundingClientRect().height < 44) wrong.push(`${target.getBoundingClientRect().height} px high: ${about(target)}`);
          return wrong;
        }
        """;

    private const string Width =
        """
        () => {
          const wrong = [];
          const limit = document.documentElement.clientWidth;
          if (document.documentElement.scrollWidth > limit) {
            for (const element of document.body.querySelectorAll('*'))
              if (element.getBoundingClientRect().right > limit + 1 && !element.closest('.main-nav, .copy-line, pre, textarea, .sr'))
                wrong.push(`beyond the edge: ${element.outerHTML.slice(0, 100)}`);
            wrong.push(`${document.documentElement.scrollWidth} px wide`);
          }
          for (const element of document.body.querySelectorAll('.row-main, .row-more, h1, h2, h3, p, dd, label, button, .button'))
            if (element.checkVisibility() && getComputedStyle(element).overflow === 'visible' && element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0
                && getComputedStyle(element).display !== 'inline' && !element.closest('.sr'))
              wrong.push(`text leaves its box: ${element.outerHTML.slice(0, 100)}`);
          return wrong;
        }
        """;

    /// <summary>WCAG 2.2, 1.4.3: 4.5 for text, 3 for large text.</summary>
    private const string Contrast =
        """
        () => {
          const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
          const rgba = (color) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1); return canvas.getImageData(0, 0, 1, 1).data; };
          const light = ([r, g, b]) => [r, g, b].map((part) => part / 255).map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
            .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
          const ground = (element) => { for (let at = element; at; at = at.parentElement) { const color = rgba(getComputedStyle(at).backgroundColor); if (color[3] > 250) return color; } return rgba('Canvas'); };
          const found = new Map();
          const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
          while (walker.nextNode()) {
            const element = walker.currentNode.parentElement;
            if (!walker.currentNode.data.trim() || !element.checkVisibility({ visibilityProperty: true }) || element.closest('.sr, noscript, .skip, :disabled')) continue;
            const style = getComputedStyle(element);
            const [a, b] = [light(rgba(style.color)), light(ground(element))];
            const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
            const size = parseFloat(style.fontSize);
            const owed = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
            if (ratio < owed) found.set(`${ratio.toFixed(2)}: ${element.outerHTML.slice(0, 90)}`, true);
          }
          return [...found.keys()];
        }
        """;

    private static readonly (string Name, int Width, int Height)[] Screens = [("phone", 390, 844), ("desk", 1280, 900)];

    private static readonly string? Pictures = Environment.GetEnvironmentVariable("COUNTERSIGN_SCREENSHOTS") is { Length: > 0 } folder
        ? Directory.CreateDirectory(folder).FullName
        : null;

    /// <summary>What is wrong with the page that is open. Keeps pictures of it where COUNTERSIGN_SCREENSHOTS names a folder.</summary>
    public static async Task<IReadOnlyList<string>> RunAsync(IPage page, string name)
    {
        List<string> wrong = [.. await page.EvaluateAsync<string[]>(Structure)];
        await page.SetViewportSizeAsync(320, 700);
        wrong.AddRange((await page.EvaluateAsync<string[]>(Width)).Select(line => $"at 320 px: {line}"));
        foreach (var scheme in new[] { ColorScheme.Light, ColorScheme.Dark })
        {
            await page.EmulateMediaAsync(new() { ColorScheme = scheme, ReducedMotion = ReducedMotion.Reduce });
            wrong.AddRange((await page.EvaluateAsync<string[]>(Contrast)).Select(line => $"{scheme} contrast {line}"));
            foreach (var (screen, width, height) in Pictures is null ? [] : Screens)
            {
                await page.SetViewportSizeAsync(width, height);
                await page.ScreenshotAsync(new() { Path = Path.Combine(Pictures!, $"{name}-{screen}-{scheme}.png".ToLowerInvariant()), FullPage = true });
            }
        }

        await page.SetViewportSizeAsync(Screens[^1].Width, Screens[^1].Height);
        return [.. wrong.Select(line => $"{name}: {line}")];
    }
}
