using Microsoft.AspNetCore.Identity;

namespace Countersign.Server.People;

/// <summary>
/// What a password must be (NIST SP 800-63B-4 3.1.1.2): long, and not the person's own name or address. No composition rules.
/// </summary>
internal sealed class PasswordRules : IPasswordValidator<Person>
{
    public const int MinLength = 12;

    /// <summary>Enough for any passphrase; more would only make hashing slow.</summary>
    public const int MaxLength = 256;

    public const string TooLong = "PasswordTooLong";
    public const string Personal = "PasswordPersonal";

    /// <summary>PBKDF2-HMAC-SHA-512, the count that OWASP's Password Storage Cheat Sheet asks for (Identity's default is 100,000).</summary>
    public const int Iterations = 210_000;

    public Task<IdentityResult> ValidateAsync(UserManager<Person> manager, Person user, string? password)
    {
        var typed = password?.Trim() ?? "";
        var local = user.Email?.Split('@')[0];
        return Task.FromResult(
            typed.Length > MaxLength ? Failed(TooLong, $"A password has at most {MaxLength} characters.")
            : Is(typed, user.UserName) || Is(typed, user.Email) || Is(typed, local) ? Failed(Personal, "The password must not be the name or the email address.")
            : IdentityResult.Success);
    }

    private static bool Is(string typed, string? own) => string.Equals(typed, own, StringComparison.OrdinalIgnoreCase);

    private static IdentityResult Failed(string code, string description) => IdentityResult.Failed(new IdentityError { Code = code, Description = description });
}
