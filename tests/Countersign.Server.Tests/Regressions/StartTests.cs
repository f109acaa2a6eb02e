using System.Net;
using System.Net.Sockets;
using Countersign.Server.Tests.Fixtures;
using Microsoft.Data.Sqlite;

namespace Countersign.Server.Tests.Regressions;

/// <summary>A start that the world does not allow: one clear line, the right exit code, and nothing half-made.</summary>
[Trait("Category", "slow")]
public sealed class StartTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("countersign-start-");

    private string Data => Path.Combine(folder.FullName, "data");

    [Theory]
    [InlineData("policy.yaml", "version: 1\nmode: enforce\nrules:\n  - name: x\n    efect: allow\n", "policy.yaml:5:5: unknown key")]
    [InlineData("policy.yaml", "version: 1\nrules: [", "policy.yaml:3:1: ")]
    public async Task A_broken_policy_file_is_named_with_its_line_and_column(string name, string text, string expected)
    {
        Directory.CreateDirectory(Data);
        await File.WriteAllTextAsync(Path.Combine(Data, name), text, TestContext.Current.CancellationToken);
        await AssertRefusedAsync(2, ["policy", expected]);
    }

    [Theory]
    [InlineData("{ \"Holds\": { \"HttpsSeconds\": 50, } }", "1:", "JSON")]
    [InlineData("{ \"Hold\": {} }", "Hold", "section")]
    [InlineData("{ \"Holds\": { \"HttpsSecond\": 50 } }", "HttpsSecond")]
    [InlineData("{ \"Holds\": { \"HttpsSeconds\": 5000 } }", "HttpsSeconds")]
    [InlineData("{ \"Holds\": { \"HttpsSeconds\": \"soon\" } }", "HttpsSeconds")]
    [InlineData("[]", "object")]
    public async Task A_broken_configuration_is_named(string json, params string[] expected)
    {
        var file = Path.Combine(folder.FullName, "gateway.json");
        await File.WriteAllTextAsync(file, json, TestContext.Current.CancellationToken);
        await AssertRefusedAsync(2, expected, "--config", file);
    }

    [Theory]
    [InlineData("there is no such option", "--nonsense")]
    [InlineData("--http", "--http", "8080")]
    [InlineData("--url", "--url", "ftp://x")]
    [InlineData("--config", "--config", "/nowhere/at/all.json")]
    public async Task A_wrong_option_is_named(string expected, params string[] options) => await AssertRefusedAsync(2, [expected], options);

    [Fact]
    public async Task A_port_in_use_is_named()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var address = taken.LocalEndpoint.ToString()!;
        await AssertRefusedAsync(1, [address, "in use"], "--http", address);
    }

    [Fact]
    public async Task A_data_folder_that_is_a_file_or_cannot_be_written_is_named()
    {
        await File.WriteAllTextAsync(Data, "", TestContext.Current.CancellationToken);
        await AssertRefusedAsync(1, [Data]);
        File.Delete(Data);

        // Root may write anywhere, but not on a file system that is mounted read-only.
        if (await SmallFileSystem.IsPossibleAsync(folder))
        {
            Directory.CreateDirectory(Data);
            var result = await GatewayProcess.RunAsync(Serve(), wrapper: SmallFileSystem.On(Data, "-o ro"));
            AssertOneLine(result, 1, [Data, "cannot be written"]);
        }
    }

    [Fact]
    public async Task A_full_disk_is_named_and_nothing_half_made_is_in_the_way_later()
    {
        Assert.SkipUnless(await SmallFileSystem.IsPossibleAsync(folder), "this machine lets nobody mount a small file system");
        Directory.CreateDirectory(Data);
        var full = await GatewayProcess.RunAsync(Serve(), wrapper: SmallFileSystem.On(Data, "-o size=8k"));
        AssertOneLine(full, 1, [Data]);
        await (await GatewayProcess.ServeAsync(Data, GatewayFixture.FreePort())).DisposeAsync();
    }

    [Theory]
    [InlineData("countersign.db")]
    [InlineData("ledger.db")]
    public async Task A_database_of_a_newer_version_is_left_alone(string name)
    {
        await (await GatewayProcess.ServeAsync(Data, GatewayFixture.FreePort())).DisposeAsync();
        var file = Path.Combine(Data, name);
        await MakeNewerAsync(file);
        var before = await ContentAsync(file);
        await AssertRefusedAsync(1, [name, "newer"]);
        Assert.Equal(before, await ContentAsync(file));
    }

    [Fact]
    public async Task A_missing_or_old_git_is_named()
    {
        var dotnet = Which("dotnet");
        var programs = folder.CreateSubdirectory("programs").FullName;
        File.CreateSymbolicLink(Path.Combine(programs, "dotnet"), dotnet);
        var environment = new Dictionary<string, string> { ["PATH"] = programs };
        AssertOneLine(await GatewayProcess.RunAsync(Serve(), environment), 1, ["git", "not found"]);

        var old = Path.Combine(programs, "git");
        var create = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            create.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        }

        await using (var script = new StreamWriter(old, create))
        {
            await script.WriteAsync("#!/bin/sh\necho git version 2.20.0\n");
        }

        AssertOneLine(await GatewayProcess.RunAsync(Serve(), environment), 1, ["git 2.20.0 is too old"]);
    }

    [Fact]
    public async Task A_second_gateway_on_the_same_folder_is_refused_and_harms_nothing()
    {
        await using var first = await GatewayProcess.ServeAsync(Data, GatewayFixture.FreePort());
        await AssertRefusedAsync(1, ["another gateway is running on", Data]);
        Assert.Equal(0, (await GatewayProcess.RunAsync(["audit", "verify", "--data", Data])).Exit);
    }

    [Fact]
    public async Task What_a_killed_push_left_among_the_objects_is_gone_after_the_next_start()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        await gateway.AddPersonAsync();
        var core = await gateway.AddRepositoryAsync();
        var objects = Path.Combine(gateway.BareFolder(core), "objects");
        var left = Directory.CreateDirectory(Path.Combine(objects, "tmp_objdir-incoming-Xy12Ab", "pack"));
        await File.WriteAllBytesAsync(Path.Combine(left.FullName, "tmp_pack_x"), new byte[100_000], TestContext.Current.CancellationToken);

        await gateway.RestartAsync();

        Assert.Empty(Directory.GetDirectories(objects, "*incoming*"));
        Assert.NotNull(await gateway.TipAsync(core));
        await gateway.AssertInvariantsAsync();
    }

    public void Dispose() => folder.Delete(recursive: true);

    private string[] Serve(params string[] options) =>
        ["serve", "--data", Data, "--ssh", "off", .. options.Contains("--http") ? Array.Empty<string>() : ["--http", $"127.0.0.1:{GatewayFixture.FreePort()}"], .. options];

    private async Task AssertRefusedAsync(int exit, string[] expected, params string[] options) =>
        AssertOneLine(await GatewayProcess.RunAsync(Serve(options)), exit, expected);

    private static void AssertOneLine((int Exit, string Output, string Error) result, int exit, string[] expected)
    {
        Assert.True(result.Exit == exit, $"exit {result.Exit}: {result.Error}");
        Assert.Equal("", result.Output);
        var line = Assert.Single(result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.StartsWith("countersign: ", line, StringComparison.Ordinal);
        Assert.All(expected, part => Assert.Contains(part, line, StringComparison.Ordinal));
    }

    private static string Which(string program)
    {
        var found = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(path => Path.Combine(path, program)).First(File.Exists);
        return Path.GetFullPath(new FileInfo(found).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? found);
    }

    private static async Task MakeNewerAsync(string file)
    {
        await using var connection = new SqliteConnection($"Data Source={file};Pooling=False");
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var command = connection.CreateCommand();
        command.CommandText = file.EndsWith("ledger.db", StringComparison.Ordinal)
            ? "PRAGMA user_version = 9999"
            : "INSERT INTO __EFMigrationsHistory VALUES ('99990101000000_Later', '99.0')";
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }

    private static async Task<string> ContentAsync(string file)
    {
        await using var connection = new SqliteConnection($"Data Source={file};Pooling=False;Mode=ReadOnly");
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var command = connection.CreateCommand();
        command.CommandText = "SELECT group_concat(name || sql, '\n') FROM sqlite_master";
        return (string)(await command.ExecuteScalarAsync(TestContext.Current.CancellationToken))!;
    }
}
