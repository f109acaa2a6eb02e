using System.CommandLine;
using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using Countersign.Server.Api;
using Countersign.Server.Audit;
using Countersign.Server.Policies;

namespace Countersign.Server.Cli;

/// <param name="State">ok, note (worth knowing) or wrong.</param>
internal sealed record Finding(string What, string State, string Detail);

/// <summary>Looks at everything that the gateway stands on and says what is wrong; exit 1 when something is.</summary>
internal static partial class DoctorCommand
{
    private static readonly Version OldestGit = new(2, 31);
    private static readonly TimeSpan SoonExpires = TimeSpan.FromDays(14);

    public static Command Make(AdminVerbs admin) => admin.Verb(
        "doctor",
        "Check what the gateway stands on. Works without a gateway.",
        [],
        async (parsed, cancellation) =>
        {
            var data = admin.DataOf(parsed);
            var folder = Path.GetFullPath(data);
            List<Finding> findings =
            [
                new("program", "ok", $"countersign {InstanceResource.Version} on .NET {Environment.Version}"),
                await GitAsync(cancellation),
                Folder(folder),
                Space(folder),
                Policy(Path.Combine(folder, "policy.yaml")),
                Log(folder),
                .. SshFindings.HostKeys(folder),
                .. await GatewayAsync(admin, parsed, data, cancellation),
                .. await MailAsync(admin, parsed, cancellation),
                .. await UpstreamsAsync(admin, parsed, cancellation),
            ];
            if (admin.WantsJson(parsed))
            {
                await admin.Terminal.Out.WriteLineAsync(JsonSerializer.Serialize(findings, JsonSerializerOptions.Web));
            }
            else
            {
                Table.Write(admin.Terminal.Out, ["WHAT", "STATE", "DETAIL"], findings.Select(finding => (IReadOnlyList<string>)[finding.What, finding.State, finding.Detail]), "");
            }

            var wrong = findings.Where(finding => finding.State == "wrong").Select(finding => finding.What).ToList();
            return wrong.Count == 0 ? ExitCodes.Done : admin.Terminal.Fail($"wrong: {string.Join(", ", wrong)}");
        });

    private static async Task<Finding> GitAsync(CancellationToken cancellation)
    {
        try
        {
            using var git = Process.Start(new ProcessStartInfo("git", "version") { RedirectStandardOutput = true })!;
            var said = (await git.StandardOutput.ReadToEndAsync(cancellation)).Trim();
            await git.WaitForExitAsync(cancellation);
            return GitVersion().Match(said) is { Success: true } match && Version.TryParse(match.Value, out var version) && version >= OldestGit
                ? new("git", "ok", said)
                : new("git", "wrong", $"{said}: {OldestGit} or later is needed");
        }
        catch (Win32Exception)
        {
            return new("git", "wrong", "there is no git on the PATH; install it");
        }
    }

    private static Finding Folder(string folder)
    {
        if (!Directory.Exists(folder))
        {
            return new("data folder", "note", $"{folder} is not there yet; serve makes it");
        }

        try
        {
            var probe = Path.Combine(folder, $".doctor-{Environment.ProcessId}");
            File.WriteAllText(probe, "");
            File.Delete(probe);
            return new("data folder", "ok", folder);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return new("data folder", "wrong", $"{folder} cannot be written: {exception.Message}");
        }
    }

    private static Finding Space(string folder)
    {
        const long Gibibyte = 1024 * 1024 * 1024;
        var there = folder;
        while (!Directory.Exists(there))
        {
            there = Path.GetDirectoryName(there) ?? "/";
        }

        var free = new DriveInfo(there).AvailableFreeSpace;
        return new("disk", free < Gibibyte ? "wrong" : "ok", $"{free / (1024.0 * 1024 * 1024):0.0} GiB free{(free < Gibibyte ? "; with a full disk every command is denied" : "")}");
    }

    private static Finding Policy(string file)
    {
        if (!File.Exists(file))
        {
            return new("policy", "note", "there is no policy file yet; serve makes it");
        }

        return PolicyFile.Parse(File.ReadAllText(file)).Errors is [var first, ..]
            ? new("policy", "wrong", $"{file}: {first}")
            : new("policy", "ok", file);
    }

    private static Finding Log(string folder)
    {
        var ledger = Path.Combine(folder, "ledger.db");
        if (!File.Exists(ledger))
        {
            return new("audit log", "note", "there is no ledger yet; serve makes it");
        }

        var answer = AuditVerifier.Verify(ledger, Path.Combine(folder, "keys"));
        return new("audit log", answer.Ok ? "ok" : "wrong", answer.Message);
    }

    private static async Task<Finding[]> GatewayAsync(AdminVerbs admin, ParseResult parsed, string data, CancellationToken cancellation)
    {
        try
        {
            var reply = await admin.SendAsync(parsed, AdminCall.Get("instance"), cancellation);
            return reply.Succeeded
                ? [new("gateway", "ok", $"running at {reply.Json.Text("url")}, version {reply.Json.Text("version")}"), .. Certificate(reply.Json), .. await SshFindings.FindAsync(reply.Json, cancellation)]
                : [new("gateway", "wrong", reply.Detail)];
        }
        catch (NoGatewayException)
        {
            return [new("gateway", "note", $"not running on {data}")];
        }
        catch (UnauthorizedAccessException exception)
        {
            return [new("gateway", "wrong", exception.Message)];
        }
    }

    /// <summary>What the running gateway serves HTTPS with; nothing where it serves none.</summary>
    private static IEnumerable<Finding> Certificate(JsonElement instance)
    {
        if (!instance.TryGetProperty("certificate", out var certificate) || certificate.ValueKind != JsonValueKind.Object)
        {
            yield break;
        }

        var expires = certificate.GetProperty("expires").GetDateTimeOffset();
        var left = expires - TimeProvider.System.GetUtcNow();
        var until = $"ends at {expires.UtcDateTime:u}";
        yield return certificate.GetProperty("defect").GetString() is { } defect ? new("certificate", "wrong", $"the one before stays in use and {until}: {defect}")
            : left < TimeSpan.Zero ? new("certificate", "wrong", $"{until}: renew it; no restart is needed")
            : left < SoonExpires ? new("certificate", "note", $"{until}: renew it soon; no restart is needed")
            : new("certificate", "ok", until);
    }

    /// <summary>Whether the running gateway sends mail, and whether its mail server lets it in.</summary>
    private static async Task<Finding[]> MailAsync(AdminVerbs admin, ParseResult parsed, CancellationToken cancellation)
    {
        try
        {
            var reply = await admin.SendAsync(parsed, AdminCall.Post("mail/check"), cancellation);
            return !reply.Succeeded ? [new("mail", "wrong", reply.Detail)]
                : !reply.Json.Flag("configured") ? [new("mail", "note", "off: no Mail:Host is set, so people are told on the Security page alone")]
                : [new("mail", reply.Json.Flag("ok") ? "ok" : "wrong", reply.Json.Text("detail"))];
        }
        catch (Exception exception) when (exception is NoGatewayException or UnauthorizedAccessException)
        {
            return []; // said above already
        }
    }

    /// <summary>Each Git host answers and speaks Git; asked by the running gateway, over its own way there.</summary>
    private static async Task<IReadOnlyList<Finding>> UpstreamsAsync(AdminVerbs admin, ParseResult parsed, CancellationToken cancellation)
    {
        try
        {
            var upstreams = await admin.SendAsync(parsed, AdminCall.Get("upstreams"), cancellation);
            var findings = new List<Finding>();
            foreach (var name in upstreams.Succeeded ? upstreams.Json.Items().Select(upstream => upstream.Text("name")) : [])
            {
                var reply = await admin.SendAsync(parsed, AdminCall.Post(AdminCall.At($"upstreams/{name}/check"), new { }), cancellation);
                findings.Add(reply.Succeeded
                    ? new($"Git host {name}", reply.Json.Flag("ok") ? "ok" : "wrong", reply.Json.Text("detail"))
                    : new($"Git host {name}", "wrong", reply.Detail));
            }

            return findings;
        }
        catch (Exception exception) when (exception is NoGatewayException or UnauthorizedAccessException)
        {
            return []; // said above already
        }
    }

    [GeneratedRegex("[0-9]+\\.[0-9]+")]
    private static partial Regex GitVersion();
}
