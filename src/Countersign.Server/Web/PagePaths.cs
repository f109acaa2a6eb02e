namespace Countersign.Server.Web;

/// <summary>Which addresses are for people in a browser. The rest answers to programs, in their own words.</summary>
internal static class PagePaths
{
    private static readonly string[] ForPrograms = ["/scm", "/w", "/api", "/openapi", "/healthz"];

    public static bool Includes(PathString path) =>
        !ForPrograms.Any(prefix => path.StartsWithSegments(prefix, StringComparison.OrdinalIgnoreCase));
}
