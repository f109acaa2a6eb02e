using Countersign.Server.Storage.Sqlite;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;

namespace Countersign.Server.Tests.Storage;

public sealed class LedgerTests : IAsyncDisposable
{
    private const string Insert = "INSERT INTO totp_steps (authenticator, last_step) VALUES ($1, $2)";
    private readonly LedgerFolder folder = new();

    private Ledger Ledger => folder.Ledger;

    [Fact]
    public async Task What_was_written_is_there_after_opening_again()
    {
        Assert.Equal(1, await Ledger.WriteAsync(transaction => transaction.Execute(Insert, "a", 5)));
        await folder.ReopenAsync();
        Assert.Equal(5, await StepOf("a"));
    }

    [Fact]
    public async Task A_unit_and_its_audit_record_become_durable_together_or_not_at_all()
    {
        await Assert.ThrowsAsync<InvalidOperationException>(() => Ledger.WriteAsync<int>(transaction =>
        {
            transaction.Execute(Insert, "a", 1);
            transaction.Append(LedgerFolder.Event());
            throw new InvalidOperationException();
        }));
        Assert.Equal((0, 0), (Count("totp_steps"), Count("audit")));
        Assert.Equal(0, await Ledger.WriteAsync(transaction => transaction.Append(LedgerFolder.Event())));
        Assert.True(folder.Verify().Ok);
    }

    [Fact]
    public async Task In_a_group_only_the_guilty_unit_fails()
    {
        var tasks = await InOneGroup(40, (transaction, index) =>
        {
            transaction.Execute(Insert, index % 10 == 3 ? "same" : $"a{index}", index);
            transaction.Append(LedgerFolder.Event($"unit {index}"));
            return index % 10 == 7 ? throw new InvalidOperationException() : index;
        });
        var failed = tasks.Select((task, index) => (task, index)).Where(pair => pair.task.IsFaulted).Select(pair => pair.index);
        // The first "same" wins; its repetitions break the primary key.
        Assert.Equal([7, 13, 17, 23, 27, 33, 37], failed);
        Assert.IsType<SqliteException>(tasks[13].Exception!.InnerException);
        Assert.IsType<InvalidOperationException>(tasks[7].Exception!.InnerException);
        Assert.Equal((33, 33), (Count("totp_steps"), Count("audit")));
        Assert.True(folder.Verify().Ok);
    }

    [Fact]
    public async Task A_value_is_spent_once_however_many_try_at_once()
    {
        var tasks = await InOneGroup(64, (transaction, _) => transaction.Execute(
            "INSERT OR IGNORE INTO spent (kind, owner, value, at) VALUES ('setup', 'o', 'v', 0)"));
        Assert.Equal(1, tasks.Sum(task => task.Result));
    }

    [Fact]
    public async Task Audit_indices_are_contiguous_under_concurrent_writers()
    {
        var seqs = await Task.WhenAll(Enumerable.Range(0, 500).Select(n => Task.Run(() => Ledger.WriteAsync(transaction => transaction.Append(LedgerFolder.Event())))));
        Assert.Equal(Enumerable.Range(0, 500).Select(n => (long)n), seqs.Order());
        Assert.True(folder.Verify().Ok);
    }

    [Fact]
    public async Task Continuations_do_not_run_on_the_writer_thread()
    {
        var writer = await Ledger.WriteAsync(_ => Environment.CurrentManagedThreadId).ContinueWith(
            task => (Writer: task.Result, Here: Environment.CurrentManagedThreadId),
            CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        Assert.NotEqual(writer.Writer, writer.Here);
    }

    [Fact]
    public async Task A_transaction_that_was_kept_does_not_write_later()
    {
        LedgerTransaction? kept = null;
        await Ledger.WriteAsync(transaction => kept = transaction);
        Assert.Throws<ObjectDisposedException>(() => kept!.Execute(Insert, "late", 1));
    }

    [Fact]
    public async Task Queries_see_what_the_unit_has_written()
    {
        var (first, all, none) = await Ledger.WriteAsync(transaction =>
        {
            transaction.Execute(Insert, "a", 1);
            transaction.Execute(Insert, "b", 2);
            return (
                transaction.QueryFirst("SELECT last_step FROM totp_steps WHERE authenticator = $1", row => row.GetInt64(0), "b"),
                transaction.Query("SELECT authenticator FROM totp_steps ORDER BY 1", row => row.GetString(0)),
                transaction.QueryFirst("SELECT authenticator FROM totp_steps WHERE last_step = $1", row => row.GetString(0), 99));
        });
        Assert.Equal((2, "a b", null), (first, string.Join(' ', all), none));
    }

    [Fact]
    public void Reading_connections_cannot_write()
        => Assert.Throws<LedgerUnavailableException>(() => Ledger.Read(connection =>
        {
            using var command = connection.CreateCommand();
            command.CommandText = "DELETE FROM audit";
            return command.ExecuteNonQuery();
        }));

    [Fact]
    public async Task A_full_disk_fails_every_unit_and_the_ledger_recovers_by_itself()
    {
        await folder.AppendAsync(3);
        await Ledger.DisposeAsync();
        folder.File.MaxPages = 40;
        await folder.ReopenAsync();
        var big = new string('x', 200_000);
        var tasks = await InOneGroup(8, (transaction, index) =>
        {
            transaction.Append(LedgerFolder.Event(index == 5 ? big : "small"));
            return index;
        });
        Assert.All(tasks, task => Assert.IsType<LedgerUnavailableException>(task.Exception?.InnerException));
        Assert.Equal(3, Count("audit"));

        folder.File.MaxPages = null;
        Assert.Equal(3, await Ledger.WriteAsync(transaction => transaction.Append(LedgerFolder.Event(big))));
        Assert.Equal((true, 4), (folder.Verify().Ok, folder.Verify().Size));
    }

    [Fact]
    public async Task A_small_unit_still_passes_while_a_big_one_does_not_fit()
    {
        await Ledger.DisposeAsync();
        folder.File.MaxPages = 40;
        await folder.ReopenAsync();
        await Assert.ThrowsAsync<LedgerUnavailableException>(() => Ledger.WriteAsync(transaction => transaction.Append(LedgerFolder.Event(new string('x', 200_000)))));
        Assert.Equal(0, await Ledger.WriteAsync(transaction => transaction.Append(LedgerFolder.Event())));
        Assert.True(folder.Verify().Ok);
    }

    [Fact]
    public async Task Writing_after_closing_is_refused_and_what_waited_was_written()
    {
        var waiting = Enumerable.Range(0, 100).Select(n => Ledger.WriteAsync(transaction => transaction.Append(LedgerFolder.Event()))).ToList();
        await Ledger.DisposeAsync();
        await Task.WhenAll(waiting);
        await Assert.ThrowsAsync<LedgerUnavailableException>(() => Ledger.WriteAsync(transaction => transaction.Append(LedgerFolder.Event())));
        Assert.Equal(100, folder.Verify().Size);
    }

    [Fact]
    public async Task A_ledger_from_a_newer_version_is_refused_with_one_sentence()
    {
        await Ledger.DisposeAsync();
        folder.Tamper("PRAGMA user_version = 99");
        var refused = Assert.Throws<NewerDatabaseException>(folder.Open);
        Assert.Equal((99, LedgerSchema.Version), (refused.Found, refused.Known));
        Assert.Contains("newer version", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refused.Message);
    }

    [Fact]
    public async Task A_file_that_is_no_database_and_a_folder_that_is_none_are_refused()
    {
        await Ledger.DisposeAsync();
        var text = new LedgerFile(Path.Combine(folder.Path, "text.db"));
        File.WriteAllText(text.Path, new string('x', 5000));
        Assert.Throws<LedgerUnavailableException>(() => Ledger.Open(text, folder.Keys.SealKey, NullLogger<Ledger>.Instance));
        var below = new LedgerFile(Path.Combine(text.Path, "ledger.db"));
        Assert.Throws<LedgerUnavailableException>(() => Ledger.Open(below, folder.Keys.SealKey, NullLogger<Ledger>.Instance));
    }

    [Fact]
    public async Task Another_seal_key_does_not_go_on_with_the_log()
    {
        await folder.AppendAsync(1);
        await Ledger.DisposeAsync();
        Assert.Throws<BrokenSealException>(() => Ledger.Open(folder.File, new byte[32], NullLogger<Ledger>.Instance));
    }

    [Fact]
    public async Task Nothing_is_recorded_any_more_once_the_head_was_edited()
    {
        await folder.AppendAsync(2);
        folder.Tamper("UPDATE head SET size = 1");
        await Assert.ThrowsAsync<LedgerUnavailableException>(() => Ledger.WriteAsync(transaction => transaction.Append(LedgerFolder.Event())));
        Assert.Equal(2, Count("audit"));
    }

    [Fact]
    public async Task A_record_that_another_program_put_at_the_end_is_not_overwritten()
    {
        await folder.AppendAsync(2);
        folder.Tamper("INSERT INTO audit VALUES (2, x'00', x'00')");
        await Assert.ThrowsAsync<LedgerUnavailableException>(() => Ledger.WriteAsync(transaction => transaction.Append(LedgerFolder.Event())));
        Assert.Equal(2, folder.Verify().FirstWrong);
    }

    [Fact]
    public async Task The_file_and_its_companions_are_for_their_owner_only()
    {
        await folder.AppendAsync(1);
        var files = Directory.GetFiles(folder.Path).Concat(Directory.GetFiles(folder.KeysFolder)).ToList();
        Assert.Equal(5, files.Count);
        foreach (var file in files)
        {
            Assert.True(OperatingSystem.IsWindows() || File.GetUnixFileMode(file) == (UnixFileMode.UserRead | UnixFileMode.UserWrite), file);
        }
    }

    public ValueTask DisposeAsync() => folder.DisposeAsync();

    /// <summary>Holds the writer until all units wait, so that they form one group.</summary>
    private async Task<Task<int>[]> InOneGroup(int count, Func<LedgerTransaction, int, int> work)
    {
        using var gate = new ManualResetEventSlim();
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var blocker = Ledger.WriteAsync(_ =>
        {
            entered.TrySetResult();
            gate.Wait();
            return 0;
        });
        await entered.Task;
        var tasks = Enumerable.Range(0, count).Select(index => Ledger.WriteAsync(transaction => work(transaction, index))).ToArray();
        gate.Set();
        await blocker;
        await Task.WhenAll(tasks).ContinueWith(_ => { }, TaskScheduler.Default);
        return tasks;
    }

    private Task<long> StepOf(string authenticator) => Ledger.WriteAsync(transaction => transaction.QueryFirst(
        "SELECT last_step FROM totp_steps WHERE authenticator = $1", row => row.GetInt64(0), authenticator));

    private long Count(string table) => Ledger.Read(connection =>
    {
        using var command = connection.CreateCommand();
        command.CommandText = $"SELECT COUNT(*) FROM {table}";
        return (long)command.ExecuteScalar()!;
    });
}
