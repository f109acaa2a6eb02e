using Countersign.Core.Audit;
using Countersign.Core.Policies;
using Countersign.Server.Audit;
using Countersign.Server.Policies;
using Microsoft.Extensions.Logging.Abstractions;

namespace Countersign.Server.Tests.Policies;

public sealed class PolicyStoreTests : IDisposable
{
    private const string Lax = "version: 1\nmode: off\nrules: [{ name: a, effect: allow }]\n";
    private readonly string folder = Directory.CreateTempSubdirectory("countersign-policy").FullName;
    private readonly List<AuditEvent> audit = [];
    private Exception? fault;

    private string File => Path.Combine(folder, "policy.yaml");

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private PolicyStore Store() => new(File, Record, TimeProvider.System, NullLogger<PolicyStore>.Instance);

    private Task Record(AuditEvent applied)
    {
        if (fault is not null)
        {
            throw fault;
        }

        audit.Add(applied);
        return Task.CompletedTask;
    }

    [Fact]
    public async Task Without_a_file_the_default_is_written_and_recorded()
    {
        using var store = Store();
        await store.StartAsync();
        Assert.Equal(PolicyFile.Default, await System.IO.File.ReadAllTextAsync(File, TestContext.Current.CancellationToken));
        Assert.Equal(PolicyFile.Default, store.Text);
        Assert.Equal(Mode.Enforce, store.Current.Mode);
        Assert.Equal((AuditTypes.PolicyApplied, "system"), (Assert.Single(audit).Type, audit[0].Actor));
    }

    [Fact]
    public async Task What_is_applied_is_recorded_in_force_and_there_after_a_restart()
    {
        using var store = Store();
        await store.StartAsync();
        var before = store.Current.Digest;
        Assert.Empty(await store.ApplyAsync(Lax, "ann"));
        Assert.Equal((Mode.Off, Lax), (store.Current.Mode, store.Text));
        Assert.Equal("ann", audit[1].Actor);
        Assert.Equal(
            new Dictionary<string, string> { ["digest"] = store.Current.Digest, ["previous_digest"] = before, ["rules"] = "1", ["mode"] = "off" },
            audit[1].Facts.ToDictionary());

        using var restarted = Store();
        await restarted.StartAsync();
        Assert.Equal((store.Current.Digest, Lax), (restarted.Current.Digest, restarted.Text));
        Assert.Equal(2, audit.Count);
        Assert.Equal([File], Directory.GetFiles(folder));
    }

    [Fact]
    public async Task A_policy_with_errors_changes_nothing()
    {
        using var store = Store();
        await store.StartAsync();
        Assert.NotEmpty(await store.ApplyAsync("version: 1\n", "ann"));
        Assert.Equal(PolicyFile.Default, store.Text);
        Assert.Single(audit);
    }

    [Fact]
    public async Task Attack_a_policy_that_cannot_be_recorded_does_not_come_into_force()
    {
        using var store = Store();
        await store.StartAsync();
        fault = new IOException("disk full");
        await Assert.ThrowsAsync<IOException>(() => store.ApplyAsync(Lax, "ann"));
        Assert.Equal(PolicyFile.Default, store.Text);
        Assert.Equal(PolicyFile.Default, await System.IO.File.ReadAllTextAsync(File, TestContext.Current.CancellationToken));
        Assert.Equal([File], Directory.GetFiles(folder));

        fault = null;
        Assert.Empty(await store.ApplyAsync(Lax, "ann"));
        Assert.Equal(Lax, store.Text);
    }

    [Fact]
    public async Task A_policy_that_cannot_be_written_is_not_recorded_as_applied()
    {
        using var store = Store();
        await store.StartAsync();
        Directory.CreateDirectory(File + ".pending");
        await Assert.ThrowsAnyAsync<SystemException>(() => store.ApplyAsync(Lax, "ann"));
        Assert.Single(audit);
        Assert.Equal(PolicyFile.Default, store.Text);
        Directory.Delete(File + ".pending");
    }

    [Fact]
    public async Task What_a_crash_left_half_written_is_neither_read_nor_in_the_way()
    {
        await System.IO.File.WriteAllTextAsync(File + ".pending", "version: 1\nmo", TestContext.Current.CancellationToken);
        using var store = Store();
        await store.StartAsync();
        Assert.Empty(await store.ApplyAsync(Lax, "ann"));
        Assert.Equal([File], Directory.GetFiles(folder));
    }

    [Fact]
    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    public async Task Only_the_owner_can_read_the_file()
    {
        using var store = Store();
        await store.StartAsync();
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(File));
    }

    [Theory]
    [InlineData("version: 1\nmode: of\nrules: [{ name: a }]\nx: 1\n", ":2:7: 'of' is not known here; did you mean 'off'? (and 1 more)")]
    [InlineData("", ":1:1: the file is empty; a policy needs version and rules")]
    public async Task A_broken_file_stops_the_start_with_one_line_that_says_where(string yaml, string message)
    {
        await System.IO.File.WriteAllTextAsync(File, yaml, TestContext.Current.CancellationToken);
        using var store = Store();
        var thrown = await Assert.ThrowsAsync<PolicyFileException>(store.StartAsync);
        Assert.Equal(File + message, thrown.Message);
        Assert.Throws<InvalidOperationException>(() => store.Current);
    }

    [Fact]
    public async Task Bytes_that_are_no_text_stop_the_start()
    {
        await System.IO.File.WriteAllBytesAsync(File, [.. "version: 1 # "u8, 0xff], TestContext.Current.CancellationToken);
        using var store = Store();
        Assert.Contains("not UTF-8", (await Assert.ThrowsAsync<PolicyFileException>(store.StartAsync)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Policies_applied_at_the_same_time_follow_one_another()
    {
        using var store = Store();
        await store.StartAsync();
        await Task.WhenAll(Enumerable.Range(0, 20).Select(number => Task.Run(() => store.ApplyAsync($"{Lax}# {number}\n", "ann"))));
        Assert.Equal(store.Text, await System.IO.File.ReadAllTextAsync(File, TestContext.Current.CancellationToken));
        Assert.All(Enumerable.Range(1, 20), place => Assert.Equal(audit[place - 1].Facts["digest"], audit[place].Facts["previous_digest"]));
    }
}
