using System.Diagnostics.CodeAnalysis;

namespace Countersign.Server.People;

/// <summary>The id of an SSH key wherever it is named: <c>ssh-</c> and 32 hexadecimal digits. No access token's id begins so.</summary>
internal static class SshKeyId
{
    public const string Prefix = "ssh-";

    public static string Of(Guid key) => $"{Prefix}{key:N}";

    public static bool IsOne(string credentialId) => credentialId.StartsWith(Prefix, StringComparison.Ordinal);

    /// <summary>One spelling only: what sshd hands back is what it was given.</summary>
    public static bool TryParse([NotNullWhen(true)] string? id, out Guid key)
    {
        key = default;
        return id is not null && IsOne(id) && Guid.TryParseExact(id[Prefix.Length..], "N", out key) && Of(key) == id;
    }
}
