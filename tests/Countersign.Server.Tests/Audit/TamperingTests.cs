using System.Text;
using Countersign.Core.Audit;
using Countersign.Server.Audit;
using Countersign.Server.Tests.Storage;

namespace Countersign.Server.Tests.Audit;

/// <summary>An attacker with write access to the files, and what `audit verify` says afterwards.</summary>
public sealed class TamperingTests : IAsyncLifetime
{
    private readonly LedgerFolder folder = new();

    public async ValueTask InitializeAsync()
    {
        await folder.SignAsync();
        await folder.AppendAsync(6);
        await folder.SignAsync();
        await folder.AppendAsync(4);
    }

    [Fact]
    public async Task An_untouched_log_verifies_with_size_and_root_while_it_runs_and_after()
    {
        var running = folder.Verify();
        Assert.Equal((true, 10, null), (running.Ok, running.Size, running.FirstWrong));
        var note = await folder.SignAsync();
        await folder.Ledger.DisposeAsync();
        Assert.Equal(running, folder.Verify());
        Assert.Contains(running.Root, note, StringComparison.Ordinal);
        Assert.True(folder.Verify(note).Ok);
    }

    [Fact]
    public void An_edited_body_is_named()
    {
        folder.Tamper("UPDATE audit SET body = $1 WHERE seq = 4", AuditBody.Encode(4, LedgerFolder.Event("mallory")));
        Named(4);
    }

    [Fact]
    public void An_edited_body_with_a_seal_made_by_another_key_is_named()
    {
        var head = AuditHead.Empty;
        for (var seq = 0; seq < 5; seq++)
        {
            head = head.Append(new byte[32], AuditBody.Encode(seq, LedgerFolder.Event(seq == 4 ? "mallory" : "ann")));
        }

        folder.Tamper("UPDATE audit SET body = $1, seal = $2 WHERE seq = 4", AuditBody.Encode(4, LedgerFolder.Event("mallory")), head.Seal);
        Named(4);
    }

    [Theory]
    [InlineData("UPDATE audit SET seal = x'00' WHERE seq = 3", 3)]
    [InlineData("UPDATE audit SET seal = 'text' WHERE seq = 3", 3)]
    [InlineData("UPDATE audit SET body = 'text' WHERE seq = 3", 3)]
    [InlineData("UPDATE audit SET body = CAST(CAST(body AS TEXT) || ' ' AS BLOB) WHERE seq = 3", 3)]
    [InlineData("UPDATE audit SET body = x'' WHERE seq = 0", 0)]
    [InlineData("UPDATE audit SET seq = 100 WHERE seq = 2; UPDATE audit SET seq = 2 WHERE seq = 7; UPDATE audit SET seq = 7 WHERE seq = 100", 2)]
    [InlineData("UPDATE audit SET body = (SELECT body FROM audit WHERE seq = 6) WHERE seq = 5", 5)]
    [InlineData("DELETE FROM audit WHERE seq = 5", 5)]
    [InlineData("DELETE FROM audit WHERE seq = 0", 0)]
    [InlineData("DELETE FROM audit WHERE seq = 5; UPDATE audit SET seq = seq - 1 WHERE seq > 5", 5)]
    [InlineData("DELETE FROM audit WHERE seq >= 9", 9)]
    [InlineData("DELETE FROM audit WHERE seq >= 4", 4)]
    [InlineData("DELETE FROM audit WHERE seq >= 4; DELETE FROM checkpoints WHERE size > 4", 4)]
    [InlineData("DELETE FROM audit WHERE seq >= 4; DELETE FROM checkpoints; DELETE FROM head", 4, true)]
    [InlineData("DELETE FROM audit", 0)]
    [InlineData("INSERT INTO audit SELECT 10, body, seal FROM audit WHERE seq = 9", 10)]
    [InlineData("INSERT INTO audit SELECT -1, body, seal FROM audit WHERE seq = 9", 0)]
    public void Edits_swaps_deletions_and_insertions_are_named(string attack, long first, bool unnamed = false)
    {
        folder.Tamper(attack);
        var found = folder.Verify();
        Assert.Equal((false, unnamed ? null : first), (found.Ok, found.FirstWrong));
        Assert.Equal(first, found.Size);
        OneSentence(found);
    }

    [Theory]
    [InlineData("DELETE FROM checkpoints")]
    [InlineData("DELETE FROM checkpoints WHERE number = 0")]
    [InlineData("DELETE FROM checkpoints WHERE number = 1")]
    [InlineData("UPDATE checkpoints SET size = 5 WHERE number = 1")]
    [InlineData("UPDATE checkpoints SET note = replace(note, char(10) || '6' || char(10), char(10) || '5' || char(10)), size = 5 WHERE number = 1")]
    [InlineData("UPDATE checkpoints SET note = x'00' WHERE number = 1")]
    [InlineData("UPDATE checkpoints SET note = (SELECT note FROM checkpoints WHERE number = 0) WHERE number = 1")]
    [InlineData("UPDATE checkpoints SET number = 2 WHERE number = 0; UPDATE checkpoints SET number = 0 WHERE number = 1; UPDATE checkpoints SET number = 1 WHERE number = 2")]
    [InlineData("INSERT INTO checkpoints SELECT 2, size, time, note FROM checkpoints WHERE number = 1")]
    [InlineData("DELETE FROM head")]
    [InlineData("UPDATE head SET size = 9")]
    [InlineData("UPDATE head SET checkpoints = 1")]
    [InlineData("UPDATE head SET mac = x'00'")]
    [InlineData("UPDATE head SET tree = 'text'")]
    [InlineData("DROP TABLE checkpoints")]
    [InlineData("DROP TABLE head")]
    public void Edited_checkpoints_and_heads_are_found(string attack)
    {
        folder.Tamper(attack);
        var found = folder.Verify();
        Assert.False(found.Ok);
        OneSentence(found);
    }

    [Fact]
    public void A_checkpoint_forged_with_another_key_is_found()
    {
        using var other = AuditKeys.LoadOrCreate(Path.Combine(folder.Path, "other"));
        folder.Tamper("UPDATE checkpoints SET note = $1 WHERE number = 1", other.Sign(new Checkpoint(folder.Keys.Public.Origin, 6, new byte[32])));
        Assert.Contains("was not signed by this gateway's key", folder.Verify().Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_wrong_record_is_named_even_when_a_checkpoint_before_it_is_forged()
    {
        folder.Tamper("UPDATE checkpoints SET note = '' WHERE number = 1; DELETE FROM audit WHERE seq = 8");
        Named(8);
    }

    [Fact]
    public async Task A_log_rewritten_with_the_seal_key_still_contradicts_its_checkpoints()
    {
        await folder.Ledger.DisposeAsync();
        var (head, key) = (AuditHead.Empty, folder.Keys.SealKey.ToArray());
        for (var seq = 0; seq < 10; seq++)
        {
            var body = AuditBody.Encode(seq, LedgerFolder.Event(seq == 4 ? "mallory" : "ann"));
            head = head.Append(key, body);
            folder.Tamper("UPDATE audit SET body = $1, seal = $2 WHERE seq = $3", body, head.Seal, seq);
        }

        head = head with { Checkpoints = 2 };
        folder.Tamper("UPDATE head SET seal = $1, tree = $2, mac = $3", head.Seal, head.Tree.ToBytes(), head.Mac(key));
        Assert.Contains("rewrote", folder.Verify().Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_older_copy_of_the_whole_file_is_found_only_by_a_checkpoint_from_outside()
    {
        await folder.Ledger.DisposeAsync();
        var copy = File.ReadAllBytes(folder.File.Path);
        await folder.ReopenAsync();
        await folder.AppendAsync(5);
        var outside = await folder.SignAsync();
        await folder.Ledger.DisposeAsync();
        Assert.True(folder.Verify(outside).Ok);

        File.WriteAllBytes(folder.File.Path, copy);
        Assert.True(folder.Verify().Ok);
        var found = folder.Verify(outside);
        Assert.Equal((false, 10), (found.Ok, found.FirstWrong));

        // The gateway goes on from the older state: as long as before, but not the same.
        await folder.ReopenAsync();
        await folder.Ledger.WriteAsync(transaction => transaction.Append(LedgerFolder.Event("another")));
        await folder.AppendAsync(6);
        Assert.True(folder.Verify().Ok);
        Assert.Contains("rewritten or replaced", folder.Verify(outside).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_older_checkpoint_proves_to_be_the_beginning_however_it_was_pasted()
    {
        var note = await folder.SignAsync();
        await folder.AppendAsync(7);
        string[] pasted = [note, "\n" + note.Trim(), note.ReplaceLineEndings("\r\n"), $"{{\"checkpoint\":{System.Text.Json.JsonSerializer.Serialize(note)}}}"];
        Assert.All(pasted, text => Assert.True(folder.Verify(text).Ok));
        Assert.Contains("beginning", folder.Verify(note).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("{\"checkpoint\":1}")]
    [InlineData("countersign/0\n1\nAAAA\n\n\u2014 countersign/0 AAAA\n")]
    public void An_outside_checkpoint_that_is_not_ours_is_refused(string against)
        => Assert.Equal("The given checkpoint was not signed by this gateway's key.", folder.Verify(against).Message);

    [Fact]
    public async Task A_damaged_file_is_an_answer_and_not_a_crash()
    {
        await folder.Ledger.DisposeAsync();
        var bytes = File.ReadAllBytes(folder.File.Path);
        Encoding.ASCII.GetBytes(new string('x', 3000)).CopyTo(bytes, 4096);
        File.WriteAllBytes(folder.File.Path, bytes);
        var found = folder.Verify();
        Assert.False(found.Ok);
        OneSentence(found);
        File.WriteAllText(folder.File.Path, "no database, but long enough to look at: " + new string('x', 2000));
        Assert.False(folder.Verify().Ok);
        File.WriteAllBytes(folder.File.Path, []);
        Assert.False(folder.Verify().Ok);
        File.Delete(folder.File.Path);
        Assert.False(folder.Verify().Ok);
    }

    [Fact]
    public void Missing_or_broken_keys_are_an_answer()
    {
        File.Delete(Path.Combine(folder.KeysFolder, "audit-seal.key"));
        Assert.Contains("is missing", folder.Verify().Message, StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(folder.KeysFolder, "audit-seal.key"), "short");
        Assert.Contains("is not a seal key", folder.Verify().Message, StringComparison.Ordinal);
    }

    public ValueTask DisposeAsync() => folder.DisposeAsync();

    private void Named(long seq)
    {
        var found = folder.Verify();
        Assert.Equal((false, seq, seq), (found.Ok, found.FirstWrong, found.Size));
        OneSentence(found);
    }

    private static void OneSentence(AuditVerification found)
    {
        Assert.DoesNotContain('\n', found.Message);
        Assert.NotEmpty(found.Message);
    }
}
