using System.Globalization;
using System.Text;
using Countersign.Core.Audit;
using Countersign.Core.Policies;
using Countersign.Server.Audit;

namespace Countersign.Server.Policies;

/// <summary>
/// The policy in force: kept as a file in the data folder, replaced as a whole, audited. Reading it is a field read.
/// </summary>
/// <param name="path">The file.</param>
/// <param name="record">Puts an event into the audit log; completes when it is durable, throws when it cannot be.</param>
/// <param name="clock">The time of records.</param>
internal sealed partial class PolicyStore(string path, Func<AuditEvent, Task> record, TimeProvider clock, ILogger<PolicyStore> logger) : IDisposable
{
    // Strict: bytes that are no text must not become U+FFFD in a name that a rule compares.
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private readonly SemaphoreSlim applying = new(1, 1);
    private volatile InForce? inForce;

    private sealed record InForce(PolicySet Policy, string Text);

    /// <summary>Throws before <see cref="StartAsync"/>, and whoever decides then denies.</summary>
    public PolicySet Current => Loaded.Policy;

    /// <summary>The text in force, as it was applied.</summary>
    public string Text => Loaded.Text;

    private InForce Loaded => inForce ?? throw new InvalidOperationException("the policy is not loaded yet");

    /// <summary>Loads the file; writes the default one when there is none. Throws <see cref="PolicyFileException"/> when it is broken.</summary>
    public async Task StartAsync()
    {
        if (!File.Exists(path))
        {
            await ApplyAsync(PolicyFile.Default, "system");
            return;
        }

        var text = ReadFile();
        var (policy, errors) = PolicyFile.Parse(text);
        if (policy is null)
        {
            var more = errors.Count > 1 ? $" (and {errors.Count - 1} more)" : "";
            throw new PolicyFileException($"{path}:{errors[0].Line}:{errors[0].Column}: {errors[0].Message}{more}");
        }

        inForce = new(policy, text);
        LogInForce(policy.Digest, policy.Rules.Count, policy.Mode);
    }

    /// <summary>
    /// Checks and puts in force; the audit record is durable before the new policy decides anything. Throws, and changes
    /// nothing, when the file or the record cannot be written.
    /// </summary>
    public async Task<IReadOnlyList<PolicyError>> ApplyAsync(string yaml, string actor)
    {
        var (policy, errors) = PolicyFile.Parse(yaml);
        if (policy is null)
        {
            return errors;
        }

        await applying.WaitAsync();
        try
        {
            // The file waits under another name until the record is durable: a full disk is noticed before anything is said.
            using var file = PendingFile.Write(path, Utf8.GetBytes(yaml));
            await record(Applied(policy, actor));
            file.Commit();
            inForce = new(policy, yaml);
        }
        finally
        {
            applying.Release();
        }

        LogInForce(policy.Digest, policy.Rules.Count, policy.Mode);
        return [];
    }

    public void Dispose() => applying.Dispose();

    private AuditEvent Applied(PolicySet policy, string actor) => new(AuditTypes.PolicyApplied, clock.GetUtcNow(), actor)
    {
        Facts = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["digest"] = policy.Digest,
            ["mode"] = PolicyWords.Modes.First(entry => entry.Value == policy.Mode).Key,
            ["previous_digest"] = inForce?.Policy.Digest ?? "",
            ["rules"] = policy.Rules.Count.ToString(CultureInfo.InvariantCulture),
        },
    };

    private string ReadFile()
    {
        try
        {
            return new FileInfo(path).Length > PolicyYaml.MaxBytes
                ? throw new PolicyFileException($"{path}:1:1: the file is larger than 1 MiB")
                : Utf8.GetString(File.ReadAllBytes(path));
        }
        catch (DecoderFallbackException fault)
        {
            throw new PolicyFileException($"{path}:1:1: the file is not UTF-8 text", fault);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new PolicyFileException($"{path}:1:1: {fault.Message.ReplaceLineEndings(" ")}", fault);
        }
    }

    [LoggerMessage(EventId = 300, Level = LogLevel.Information, Message = "Policy {Digest} is in force: {Rules} rules, mode {Mode}")]
    private partial void LogInForce(string digest, int rules, Mode mode);
}
