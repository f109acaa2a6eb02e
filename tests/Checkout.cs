namespace Countersign.Tests;

/// <summary>
/// Files of the checkout that the tests run in: test vectors, documents, sources. Found from where the test program
/// lies, never from the paths that the compiler records: a reproducible build replaces those.
/// </summary>
internal static class Checkout
{
    public static string Root { get; } = FindRoot();

    /// <param name="path">Relative to the root, with <c>/</c> between its parts.</param>
    public static string PathOf(string path) => Path.Combine(Root, path);

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Countersign.slnx")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("The tests run outside their checkout.");
        }

        return folder.FullName;
    }
}
