using System.Collections.Concurrent;

namespace Countersign.Server.Storage;

/// <summary>
/// Answers to one question about <c>countersign.db</c> that every Git request asks, kept until anything in the file changes. What is
/// not there is asked for each time: guesses must not fill the memory.
/// </summary>
/// <param name="version">Of the file.</param>
/// <param name="read">Asks the file; null for what is not there.</param>
internal sealed class Remembered<TKey, TAnswer>(DatabaseVersion version, Func<TKey, TAnswer?> read)
    where TKey : notnull
    where TAnswer : class
{
    private const int Most = 20_000;
    private volatile Answers answers = new(-1);

    public TAnswer? Find(TKey key)
    {
        // The version first: a change between it and the reading makes this generation old, so that nobody finds the answer in it.
        var now = version.Current;
        var known = answers;
        if (known.Version != now)
        {
            answers = known = new(now);
        }

        if (known.ByKey.TryGetValue(key, out var answer))
        {
            return answer;
        }

        answer = read(key);
        if (answer is not null && Interlocked.Increment(ref known.Count) <= Most)
        {
            known.ByKey[key] = answer;
        }

        return answer;
    }

    private sealed class Answers(long version)
    {
        public readonly ConcurrentDictionary<TKey, TAnswer> ByKey = new();
        public int Count;

        public long Version => version;
    }
}
