namespace Countersign.Server.Tests.Browser;

/// <summary>Audits page after page and keeps what was found, so that one story names all that is wrong.</summary>
internal sealed class Inspection
{
    private readonly List<string> wrong = [];

    /// <param name="visit">Where the page is.</param>
    /// <param name="name">Of the page in this state, and of its pictures.</param>
    /// <param name="path">Goes there first; null for what is open.</param>
    public async Task LookAsync(Visit visit, string name, string? path = null)
    {
        if (path is not null)
        {
            await visit.GoAsync(path);
        }

        await visit.Page.WaitForLoadStateAsync();
        wrong.AddRange(await PageAudit.RunAsync(visit.Page, name));
    }

    public void AssertSound() => Assert.True(wrong.Count == 0, string.Join('\n', wrong));
}
