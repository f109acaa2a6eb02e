using System.Text.Json;
using Countersign.Core.Audit;
using Countersign.Server.Storage.Sqlite;
using Microsoft.Data.Sqlite;

namespace Countersign.Server.Audit;

/// <summary>
/// Verifies the log from the files alone, beside a running gateway or without one: every record's index, canonical form and
/// seal, every stored checkpoint's signature and root, and the head. It finds edits, swaps, deletions, insertions and a cut
/// end. What it cannot find alone: the whole file put back to an older, once true state, and a log rewritten by somebody who
/// has both keys. Both contradict a checkpoint that was kept elsewhere, which is what <c>--against</c> is for.
/// </summary>
internal static class AuditVerifier
{
    /// <summary>Throws <see cref="NewerDatabaseException"/>; everything else that is wrong is in the answer.</summary>
    /// <param name="ledgerFile">The ledger.</param>
    /// <param name="keysFolder">With the keys that sealed and signed it.</param>
    /// <param name="against">A signed checkpoint from outside, or the last line of an export; null for none.</param>
    public static AuditVerification Verify(string ledgerFile, string keysFolder, string? against = null)
    {
        try
        {
            if (!File.Exists(ledgerFile))
            {
                return Wrong($"There is no ledger at {ledgerFile}.");
            }

            using var keys = AuditKeys.Load(keysFolder);
            Checkpoint? outside = null;
            if (against is not null && !keys.Public.TryOpen(NoteOf(against), out outside))
            {
                return Wrong("The given checkpoint was not signed by this gateway's key.");
            }

            var file = new LedgerFile(ledgerFile);
            using var connection = LedgerReads.Open(file);
            return LedgerSchema.CheckVersion(connection, file) == 0
                ? Wrong($"{ledgerFile} holds no audit log.")
                : new AuditWalk(connection, keys, outside).Run();
        }
        catch (AuditKeyException e)
        {
            return Wrong(e.Message);
        }
        catch (SqliteException e)
        {
            return Wrong($"{ledgerFile} cannot be read: {e.Message}");
        }
    }

    private static AuditVerification Wrong(string message)
        => new(false, 0, Convert.ToBase64String(MerkleTree.EmptyRoot), null, message);

    /// <summary>Takes what people paste: other line ends, blank lines around it, the JSON line of an export.</summary>
    private static string NoteOf(string text)
    {
        var trimmed = text.Trim();
        if (trimmed.StartsWith('{'))
        {
            try
            {
                using var json = JsonDocument.Parse(trimmed);
                trimmed = json.RootElement.TryGetProperty("checkpoint", out var note) && note.ValueKind == JsonValueKind.String ? note.GetString()!.Trim() : "";
            }
            catch (JsonException)
            {
                return "";
            }
        }

        return trimmed.ReplaceLineEndings("\n") + "\n";
    }
}
