using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Countersign.Bench;

/// <summary>A bare repository of random blobs in one pack: nothing to compress, so that moving bytes is what is measured.</summary>
internal static class RandomRepository
{
    private const int Blob = 256 * 1024;

    /// <returns>The size of its pack, bytes.</returns>
    public static async Task<long> MakeAsync(string repository, int megabytes)
    {
        await Git.RunAsync(null, "init", "--quiet", "--bare", "--template=", "--initial-branch=main", repository);
        await Git.FeedAsync(
            repository,
            input => WriteAsync(input, megabytes * (1024 * 1024 / Blob)),
            "-c", "core.compression=0", "-c", "pack.compression=0", "-c", "fastimport.unpackLimit=1", "fast-import", "--quiet", "--depth=0");
        return Directory.EnumerateFiles(Path.Combine(repository, "objects", "pack"), "*.pack").Sum(pack => new FileInfo(pack).Length);
    }

    private static async Task WriteAsync(Stream input, int blobs)
    {
        var bytes = new byte[Blob];
        await SayAsync(input, "commit refs/heads/main\ncommitter bench <bench@localhost> 1700000000 +0000\ndata 12\nRandom bytes\n");
        for (var number = 0; number < blobs; number++)
        {
            RandomNumberGenerator.Fill(bytes);
            await SayAsync(input, string.Create(CultureInfo.InvariantCulture, $"M 100644 inline file{number}.bin\ndata {Blob}\n"));
            await input.WriteAsync(bytes);
            await SayAsync(input, "\n");
        }
    }

    private static async Task SayAsync(Stream input, string text) => await input.WriteAsync(Encoding.ASCII.GetBytes(text));
}
