using Countersign.Core.SshKeys;
using Countersign.Server.People;
using Countersign.Server.Policies;
using Countersign.Server.Web.Security;
using Microsoft.AspNetCore.Mvc;

namespace Countersign.Server.Web.Pages;

/// <summary>Adds an SSH key. A private key that was pasted is not even shown again in the form.</summary>
[FreshProof]
internal sealed class NewSshKeyModel(ISshKeys keys, PolicyStore policies) : SignedInPage
{
    [BindProperty]
    public string? Key { get; set; }

    [BindProperty]
    public string? Label { get; set; }

    /// <summary>0: without an end.</summary>
    [BindProperty]
    public int Days { get; set; }

    /// <summary>Security keys are asked for PIN or fingerprint at each sign-in.</summary>
    public bool WantsVerification => policies.Current.SshSecurityKeys.VerifyRequired;

    /// <summary>A security key's sign-in can be the second factor.</summary>
    public bool SecurityKeysCount => policies.Current.SshSecurityKeys.Counts;

    public async Task<IActionResult> OnPostAsync(IFormFile? attestation)
    {
        int? days = Days == 0 ? null : Days;
        var added = attestation is { Length: > 0 and <= SshAttestation.MaxLength }
            ? await keys.AddAttestedAsync(Me.Id, Key ?? "", await ReadAsync(attestation), Label, days, Me.Name, Cancellation)
            : await keys.AddAsync(Me.Id, Key ?? "", Label, days, Me.Name, Cancellation);
        if (added.Refusal is not { } refusal)
        {
            return Done("/security", "key-added");
        }

        if (refusal.Code == "private_key")
        {
            Key = null;
            ModelState.Clear();
        }

        Trouble = refusal.Message;
        return Page();
    }

    /// <summary>The file for <c>ssh-keygen -O challenge=FILE</c>.</summary>
    public async Task<IActionResult> OnPostChallengeAsync() =>
        File((await keys.MakeChallengeAsync(Me.Id, Cancellation)).File, "application/octet-stream", "countersign-challenge");

    private async Task<byte[]> ReadAsync(IFormFile file)
    {
        using var content = new MemoryStream();
        await file.CopyToAsync(content, Cancellation);
        return content.ToArray();
    }
}
