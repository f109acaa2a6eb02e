using System.Security.Cryptography;
using Countersign.Core.Audit;
using Countersign.Server.Storage.Sqlite;
using Microsoft.Data.Sqlite;

namespace Countersign.Server.Audit;

/// <summary>
/// One pass over the log in one snapshot, in constant memory. A wrong record ends it; trouble with checkpoints or the head is
/// kept until the end, because a wrong record says more.
/// </summary>
internal sealed class AuditWalk(SqliteConnection connection, AuditKeys keys, Checkpoint? outside)
{
    private AuditHead head = AuditHead.Empty;
    private (long? FirstWrong, string Message)? trouble;

    public AuditVerification Run()
    {
        try
        {
            using var begin = Command("BEGIN");
            begin.ExecuteNonQuery();
            using var checkpoints = StoredCheckpoint.ReadAll(connection).GetEnumerator();
            var more = checkpoints.MoveNext();
            var (wrong, signed) = (default(string), 0L);
            using var command = Command("SELECT seq, body, seal FROM audit ORDER BY seq");
            using var rows = command.ExecuteReader();
            do
            {
                CheckOutside();
                for (; more && checkpoints.Current.Size <= head.Size; more = checkpoints.MoveNext())
                {
                    CheckStored(checkpoints.Current, signed++);
                }

                if (!rows.Read())
                {
                    break;
                }

                wrong = Advance(rows);
            }
            while (wrong is null);

            if (wrong is not null)
            {
                return Answer(head.Size, wrong);
            }

            for (; more; more = checkpoints.MoveNext())
            {
                CheckStored(checkpoints.Current, signed++);
            }

            CheckHead(signed);
        }
        catch (SqliteException e)
        {
            return Answer(head.Size, $"The file cannot be read from record {head.Size} on: {e.Message}");
        }

        CheckOutsideSize();
        return trouble is { } found ? Answer(found.FirstWrong, found.Message) : Answer(null, null);
    }

    /// <returns>What is wrong with the record, or null.</returns>
    private string? Advance(SqliteDataReader row)
    {
        var expected = head.Size;
        if (row.GetInt64(0) is var seq && seq != expected)
        {
            return seq > expected ? $"Record {expected} is missing." : $"Record {seq} does not belong to the log.";
        }

        if (row.GetValue(1) is not byte[] body || !AuditBody.TryDecode(body, out var inner, out _))
        {
            return $"Record {seq} is not in the form in which the gateway writes records: it was edited.";
        }

        if (inner != seq)
        {
            return $"Record {seq} says that it is record {inner}: records were swapped, moved or copied.";
        }

        var next = head.Append(keys.SealKey.Span, body);
        if (row.GetValue(2) is not byte[] seal || !CryptographicOperations.FixedTimeEquals(seal, next.Seal))
        {
            return $"Record {seq} does not carry its seal: it was edited.";
        }

        head = next;
        return null;
    }

    private void CheckStored(StoredCheckpoint stored, long number)
    {
        if (stored.Number != number)
        {
            Note(null, $"Checkpoint {number} is missing.");
        }
        else if (!keys.Public.TryOpen(stored.Note, out var signed) || signed.Size != stored.Size)
        {
            Note(null, $"Checkpoint {number} (of {stored.Size} records) was not signed by this gateway's key.");
        }
        else if (signed.Size > head.Size)
        {
            Note(head.Size, $"The records from {head.Size} on are missing: checkpoint {number} was signed over {signed.Size} records.");
        }
        else if (signed.Size < head.Size)
        {
            Note(null, $"Checkpoint {number} stands after a checkpoint of more records.");
        }
        else if (!CryptographicOperations.FixedTimeEquals(signed.Root, head.Tree.Root()))
        {
            Note(null, $"The first {signed.Size} records are not those that checkpoint {number} was signed over: somebody with the seal key rewrote them.");
        }
    }

    private void CheckHead(long signed)
    {
        if (StoredHead.TryRead(connection, keys.SealKey.Span) is not { } stored)
        {
            Note(null, "The stored end of the log is missing or was edited.");
        }
        else if (stored.Size > head.Size)
        {
            Note(head.Size, $"The records from {head.Size} on are missing: the log had {stored.Size}.", first: true);
        }
        else if (stored.Size < head.Size)
        {
            Note(stored.Size, $"The records from {stored.Size} on were not put there by this gateway.");
        }
        else if (!CryptographicOperations.FixedTimeEquals(stored.Seal, head.Seal) || !stored.Tree.Root().AsSpan().SequenceEqual(head.Tree.Root()))
        {
            Note(null, "The stored end of the log belongs to other records.");
        }
        else if (stored.Checkpoints != signed)
        {
            Note(null, $"{stored.Checkpoints} checkpoints were signed and {signed} are stored.");
        }
    }

    private void CheckOutside()
    {
        if (outside is not null && outside.Size == head.Size && !CryptographicOperations.FixedTimeEquals(outside.Root, head.Tree.Root()))
        {
            Note(null, $"The first {outside.Size} records are not those that the given checkpoint was signed over: the log was rewritten or replaced.");
        }
    }

    private void CheckOutsideSize()
    {
        if (outside is not null && outside.Size > head.Size)
        {
            Note(head.Size, $"The given checkpoint was signed over {outside.Size} records and there are {head.Size}: the log was cut or put back to an older state.");
        }
    }

    private void Note(long? firstWrong, string message, bool first = false)
        => trouble = trouble is null || first ? (firstWrong, message) : trouble;

    private AuditVerification Answer(long? firstWrong, string? message)
    {
        var against = outside is null ? "" : $" The given checkpoint of {outside.Size} records is its beginning.";
        return new(message is null, head.Size, Convert.ToBase64String(head.Tree.Root()), firstWrong, message ?? $"All {head.Size} records are right.{against}");
    }

    private SqliteCommand Command(string sql)
    {
        var command = connection.CreateCommand();
#pragma warning disable CA2100 // constants of this class
        command.CommandText = sql;
#pragma warning restore CA2100
        return command;
    }
}
