using System.Runtime.Versioning;
using Countersign.Server.Transports.Ssh;

namespace Countersign.Server.Tests.Regressions;

/// <summary>What killed gateways leave outside their data folders is taken away, and nothing else.</summary>
[SupportedOSPlatform("linux")]
public sealed class LeftFoldersTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("countersign-left-");

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public void A_folder_whose_data_folder_is_no_more_is_taken_away_with_its_host_keys_and_all_others_stay()
    {
        var data = folder.CreateSubdirectory("data").FullName;
        var gone = Make("countersign-gone", Path.Combine(folder.FullName, "no-more"));
        var there = Make("countersign-there", data);
        var other = folder.CreateSubdirectory("countersign-other").FullName; // of a program of the same name
        var relative = Make("countersign-relative", "no-more");
        var outside = folder.CreateSubdirectory("outside").FullName;
        File.WriteAllText(Path.Combine(outside, "data-folder"), "/no/more");
        Directory.CreateSymbolicLink(Path.Combine(folder.FullName, "countersign-link"), outside);
        var linked = folder.CreateSubdirectory("countersign-linked").FullName;
        File.CreateSymbolicLink(Path.Combine(linked, "data-folder"), Path.Combine(outside, "data-folder"));
        Directory.CreateSymbolicLink(Path.Combine(gone, "link"), outside);

        LeftFolders.Sweep(folder.FullName, "countersign-*");

        Assert.False(Directory.Exists(gone));
        Assert.All([there, other, relative, outside, linked], kept => Assert.True(Directory.Exists(kept), kept));
        Assert.True(File.Exists(Path.Combine(outside, "data-folder")));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(there, "data-folder")));
    }

    [Fact]
    public void A_gateway_takes_away_the_folder_of_its_last_start_and_never_one_of_another_name()
    {
        var data = folder.CreateSubdirectory("data").FullName;
        string Fresh() => folder.CreateSubdirectory(SshPlaces.TemporaryPrefix + Path.GetRandomFileName()).FullName;
        var first = LeftFolders.Renew(data, Fresh);
        File.WriteAllText(Path.Combine(first, "host_ed25519"), "secret");

        var second = LeftFolders.Renew(data, Fresh);
        Assert.Equal((false, true), (Directory.Exists(first), Directory.Exists(second)));

        var precious = folder.CreateSubdirectory("precious").FullName;
        File.WriteAllText(Path.Combine(data, "ssh-folder"), precious);
        var third = LeftFolders.Renew(data, Fresh);
        Assert.True(Directory.Exists(precious) && Directory.Exists(third));

        Directory.Delete(third);
        Directory.CreateSymbolicLink(third, precious); // somebody has put a link in its place
        LeftFolders.Renew(data, Fresh);
        Assert.True(Directory.Exists(precious));
    }

    private string Make(string name, string data)
    {
        var made = folder.CreateSubdirectory(name).FullName;
        LeftFolders.Mark(made, data);
        File.WriteAllText(Path.Combine(made, "host_ed25519"), "secret");
        return made;
    }
}
