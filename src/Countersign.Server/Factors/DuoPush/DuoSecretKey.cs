using Microsoft.Extensions.Options;

namespace Countersign.Server.Factors.DuoPush;

/// <summary>The secret key that calls are signed with. It is printed by nobody, not even by accident.</summary>
internal sealed class DuoSecretKey(IOptions<DuoPushOptions> options)
{
    private readonly string value = Read(options.Value) ?? throw new InvalidOperationException("Factors:DuoPush has no secret key.");

    public override string ToString() => "[secret]";

    public string Sign(string integrationKey, string canonical) => Core.DuoPush.DuoSignature.Authorization(integrationKey, value, canonical);

    /// <summary>Null when there is none, there are two, or the file cannot be read or is empty.</summary>
    internal static string? Read(DuoPushOptions options)
    {
        try
        {
            return (options.SecretKey, options.SecretKeyFile) switch
            {
                ({ Length: > 0 } key, null) => key,
                (null, { Length: > 0 } file) when File.ReadAllText(file).Trim() is { Length: > 0 and < 1024 } key => key,
                _ => null,
            };
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
