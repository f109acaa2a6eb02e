using Countersign.Server.Enforcement;
using Countersign.Server.Factors;
using Countersign.Server.Storage.Sqlite;
using Microsoft.Extensions.Options;

namespace Countersign.Server.People;

internal sealed class Locks(Ledger ledger, IPeople people, IOptions<HoldOptions> holds, TimeProvider clock) : ILocks
{
    private const int Most = 500;
    private const int HoursShown = 24;

    /// <summary>What waits longer and longer after so many, and heals. Of a person where it is theirs, else of a network.</summary>
    private static readonly (string What, bool IsPersons, int Free, TimeSpan Quiet)[] Pauses =
    [
        ("address", false, ThrottleRule.AddressFree, ThrottleRule.AddressQuiet),
        ("passkeys", false, ThrottleRule.PasskeysFree, ThrottleRule.AddressQuiet),
        ("duo-begin", true, ThrottleRule.DuoBeginFree, ThrottleRule.AddressQuiet),
        ("email-send", true, ThrottleRule.EmailSendFree, ThrottleRule.EmailSendQuiet),
    ];

    public async Task<LockReport> ReadAsync(CancellationToken cancellation)
    {
        var now = clock.GetUtcNow();
        var everybody = await people.ListAsync(cancellation);
        var byId = everybody.ToDictionary(person => person.Id.ToString(), person => person.Name);
        var names = byId.Values.ToHashSet(StringComparer.Ordinal);
        return new(
            [.. Throttled(byId, names).Concat(Pauses.SelectMany(pause => Paused(byId, pause, now))).Concat(Denied(byId, now)).Concat(Asked(byId, now)).Concat(Stuffed(now)).OrderByDescending(one => one.Since).Take(Most)],
            Hours(now));
    }

    private IEnumerable<ActiveLock> Throttled(Dictionary<string, string> byId, HashSet<string> names)
    {
        var rows = ledger.Reads.Query(
            """
            SELECT subject, failures, last_failure, locked FROM throttles
            WHERE failures >= $1 AND (subject GLOB 'password:*' OR subject GLOB 'totp:*' OR subject GLOB 'duo:*' OR subject GLOB 'email:*' OR subject GLOB 'recovery:*')
            ORDER BY last_failure DESC LIMIT $2
            """,
            static row => (Subject: row.GetString(0), Failures: row.GetInt32(1), Last: At(row.GetInt64(2)), Locked: row.IsDBNull(3) ? (DateTimeOffset?)null : At(row.GetInt64(3))),
            ThrottleRule.Limit, Most);
        foreach (var row in rows)
        {
            var (what, subject) = (row.Subject[..row.Subject.IndexOf(':', StringComparison.Ordinal)], row.Subject[(row.Subject.IndexOf(':', StringComparison.Ordinal) + 1)..]);
            var person = what == "password" ? names.Contains(subject) ? subject : null : byId.GetValueOrDefault(subject);
            yield return new(person, what, person ?? "", row.Locked ?? row.Last, null, row.Failures); // what somebody typed for a name may be a secret
        }
    }

    private IEnumerable<ActiveLock> Paused(Dictionary<string, string> byId, (string What, bool IsPersons, int Free, TimeSpan Quiet) pause, DateTimeOffset now) =>
        from row in ledger.Reads.Query(
            "SELECT substr(subject, length($1) + 2), failures, last_failure FROM throttles WHERE subject >= $1 || ':' AND subject < $1 || ';' AND failures > $2 AND last_failure > $3 LIMIT $4",
            static row => (Subject: row.GetString(0), Failures: row.GetInt32(1), Last: At(row.GetInt64(2))),
            pause.What, pause.Free, (now - pause.Quiet).ToUnixTimeMilliseconds(), Most)
        let person = pause.IsPersons ? byId.GetValueOrDefault(row.Subject) : null
        where person is not null || !pause.IsPersons
        select new ActiveLock(person, pause.What, person ?? row.Subject, row.Last, row.Last + pause.Quiet, row.Failures);

    private IEnumerable<ActiveLock> Denied(Dictionary<string, string> byId, DateTimeOffset now) =>
        from pause in DenialCoolDown.Live(ledger.Reads, now, Most)
        let person = byId.GetValueOrDefault(pause.Person)
        where person is not null
        select new ActiveLock(person, "denied", person, pause.Since, pause.Until, pause.Times, pause.About);

    private IEnumerable<ActiveLock> Asked(Dictionary<string, string> byId, DateTimeOffset now)
    {
        var (minute, hour) = (holds.Value.PromptsPerMinute, holds.Value.PromptsPerHour);
        var rows = ledger.Reads.Query(
            "SELECT person, at FROM prompts WHERE at > $1 AND person IN (SELECT person FROM prompts WHERE recorded = 1) ORDER BY at DESC",
            static row => (Person: row.GetString(0), At: At(row.GetInt64(1))), (now - TimeSpan.FromHours(1)).ToUnixTimeMilliseconds());
        foreach (var person in rows.GroupBy(row => row.Person))
        {
            var asked = person.Select(row => row.At).ToList();
            var until = new[] { End(asked, minute, TimeSpan.FromMinutes(1)), End(asked, hour, TimeSpan.FromHours(1)) }.Max();
            if (until > now && byId.GetValueOrDefault(person.Key) is { } name)
            {
                yield return new(name, "prompts", name, asked[0], until, asked.Count);
            }
        }

        static DateTimeOffset End(List<DateTimeOffset> asked, int most, TimeSpan window) => asked.Count >= most ? asked[most - 1] + window : default;
    }

    private List<ActiveLock> Stuffed(DateTimeOffset now) => ledger.Reads.Query(
        "SELECT network, count(*), min(at), max(at) FROM refused_names WHERE at > $1 GROUP BY network HAVING count(*) >= $2",
        static row => new ActiveLock(null, "names", row.GetString(0), At(row.GetInt64(3)), At(row.GetInt64(2)) + RefusedNames.Window, row.GetInt32(1)),
        (now - RefusedNames.Window).ToUnixTimeMilliseconds(), RefusedNames.Most);

    private List<AttemptHour> Hours(DateTimeOffset now)
    {
        var last = Attempts.HourOf(now);
        var counted = ledger.Reads.Query(
            "SELECT hour, sum(failed), sum(refused) FROM attempts WHERE hour > $1 GROUP BY hour",
            static row => (Hour: row.GetInt64(0), Failed: row.GetInt32(1), Refused: row.GetInt32(2)), last - HoursShown).ToDictionary(row => row.Hour);
        return [.. Enumerable.Range(0, HoursShown).Select(back => last - (HoursShown - 1) + back)
            .Select(hour => new AttemptHour(Attempts.StartOf(hour), counted.GetValueOrDefault(hour).Failed, counted.GetValueOrDefault(hour).Refused))];
    }

    private static DateTimeOffset At(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);
}
