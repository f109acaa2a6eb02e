using Countersign.Server.Policies;
using Countersign.Server.Web.Security;
using Microsoft.AspNetCore.Mvc;

namespace Countersign.Server.Web.Pages;

/// <summary>The policy in force, and putting another in force: checked first, applied only with a fresh proof.</summary>
[Administrators]
internal sealed class PolicyModel(PolicyStore store) : SignedInPage
{
    [BindProperty]
    public string Yaml { get; set; } = "";

    public IReadOnlyList<PolicyError> Errors { get; private set; } = [];

    public bool IsGood { get; private set; }

    /// <summary>The proof is too old; said on this page, because leaving it would lose what was written.</summary>
    public bool OwesProof { get; private set; }

    public void OnGet() => Yaml = store.Text;

    public void OnPostCheck()
    {
        Errors = PolicyFile.Parse(Text).Errors;
        IsGood = Errors.Count == 0;
    }

    public async Task<IActionResult> OnPostApplyAsync()
    {
        if (FreshProof.IsOwed(Session, HttpContext))
        {
            OwesProof = true;
            return Page();
        }

        Errors = await store.ApplyAsync(Text, Me.Name);
        return Errors.Count == 0 ? Done("/policy", "policy-applied") : Page();
    }

    /// <summary>The line that an error is about, and a caret under its column.</summary>
    public string Excerpt(PolicyError error)
    {
        var lines = Text.Split('\n');
        return error.Line is >= 1 && error.Line <= lines.Length
            ? $"{error.Line,4}  {lines[error.Line - 1]}\n      {new string(' ', Math.Max(0, error.Column - 1))}^"
            : "";
    }

    // A browser sends line ends as CR LF; the file has LF.
    private string Text => (Yaml ?? "").ReplaceLineEndings("\n");
}
