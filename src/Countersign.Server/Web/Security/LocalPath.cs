namespace Countersign.Server.Web.Security;

/// <summary>Where to go on to after sign-in or step-up: a path of this site or the start page. Never another site.</summary>
internal static class LocalPath
{
    private const int MaxLength = 512;

    public static string OrHome(string? path) => IsLocal(path) ? path! : "/";

    // "//host" and "/\host" lead away; a backslash or a control character anywhere is read differently by different browsers;
    // what is not ASCII no header can carry, and our own addresses are.
    private static bool IsLocal(string? path) =>
        path is ['/', ..]
        && path.Length <= MaxLength
        && path is not ['/', '/', ..]
        && path.All(character => character is > ' ' and <= '~' and not '\\');
}
