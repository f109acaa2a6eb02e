using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace Countersign.Demo;

/// <summary>A call as it came in.</summary>
internal sealed record SimulatedCall(string Method, string Path, int Version, string Signature, string Protocol, IReadOnlyDictionary<string, string> Parameters);

/// <summary>
/// Duo's Auth API v2 on a loopback port, as far as the gateway uses it: it checks signatures, keeps users, devices and pushes, and
/// misbehaves when told to. People answer on its page, tests by <see cref="SimulatedPush.Reply"/>.
/// </summary>
internal sealed class DuoSimulator : IAsyncDisposable
{
    public const string IntegrationKey = "DISIMULATED0INTEGRAT";

    private static readonly TimeSpan PushLife = TimeSpan.FromSeconds(60);

    private readonly WebApplication app;
    private readonly TimeProvider clock;
    private readonly ConcurrentDictionary<string, SimulatedPush> pushes = new();
    private readonly ConcurrentDictionary<string, (string User, string Code)> verified = new();
    private readonly ConcurrentDictionary<string, ConcurrentQueue<SimulatedAnswer>> script = new();
    private readonly Channel<SimulatedPush> arrived = Channel.CreateUnbounded<SimulatedPush>();

    private DuoSimulator(WebApplication app, TimeProvider clock, string authority) => (this.app, this.clock, Authority) = (app, clock, authority);

    public string SecretKey { get; } = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(20));

    /// <summary>Name and port, as in the gateway's setting.</summary>
    public string Host { get; private set; } = "";

    /// <summary>Where the phones are, for a browser.</summary>
    public string PhoneUrl { get; private set; } = "";

    /// <summary>The authority that vouches for it, PEM.</summary>
    public string Authority { get; }

    public ConcurrentDictionary<string, SimulatedUser> Users { get; } = new();

    public ConcurrentQueue<SimulatedCall> Calls { get; } = new();

    public ICollection<SimulatedPush> Pushes => pushes.Values;

    /// <summary>How far its clock is ahead of everybody's.</summary>
    public TimeSpan ClockOffset { get; set; }

    public static async Task<DuoSimulator> StartAsync(TimeProvider clock)
    {
        var (certificate, authority) = SimulatorCertificates.Make(TimeProvider.System.GetUtcNow()); // TLS goes by the machine's clock
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(certificate));
            kestrel.Listen(IPAddress.Loopback, 0);
        });
        var app = builder.Build();
        var simulator = new DuoSimulator(app, clock, authority);
        var phone = new PhonePage(simulator);
        app.Run(context => context.Request.IsHttps ? simulator.AnswerAsync(context) : phone.AnswerAsync(context));
        await app.StartAsync();
        var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Select(address => new Uri(address)).ToList();
        simulator.Host = $"localhost:{addresses.Single(address => address.Scheme == "https").Port}";
        simulator.PhoneUrl = $"http://localhost:{addresses.Single(address => address.Scheme == "http").Port}{phone.Path}";
        return simulator;
    }

    /// <summary>The gateway's settings for it.</summary>
    public Dictionary<string, string?> Settings(string folder, int version = 5)
    {
        var file = Path.Combine(folder, $"duo-authority-{Guid.NewGuid():N}.pem");
        File.WriteAllText(file, Authority);
        return new()
        {
            ["Factors:DuoPush:Host"] = Host,
            ["Factors:DuoPush:IntegrationKey"] = IntegrationKey,
            ["Factors:DuoPush:SecretKey"] = SecretKey,
            ["Factors:DuoPush:CaFile"] = file,
            ["Factors:DuoPush:SignatureVersion"] = version == 5 ? "5" : "2",
        };
    }

    public SimulatedUser AddUser(string name) => Users[name] = new(name);

    /// <summary>Plays these, one for each call, before it behaves again. The path is what follows /auth/v2/.</summary>
    public void Play(string path, params SimulatedAnswer[] answers)
    {
        var queue = script.GetOrAdd($"/auth/v2/{path}", _ => new());
        foreach (var answer in answers)
        {
            queue.Enqueue(answer);
        }
    }

    public void PlayNothing() => script.Clear();

    /// <summary>The next push that arrives on a phone; each is handed out once.</summary>
    public async Task<SimulatedPush> NextPushAsync(CancellationToken cancellation) => await arrived.Reader.ReadAsync(cancellation);

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource(TimeSpan.Zero);
        await app.StopAsync(now.Token);
        await app.DisposeAsync();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var request = context.Request;
        using var buffer = new MemoryStream();
        await request.Body.CopyToAsync(buffer, context.RequestAborted);
        var (body, path, now) = (buffer.ToArray(), request.Path.Value ?? "", clock.GetUtcNow() + ClockOffset);
        var query = request.QueryString.Value is { Length: > 1 } text ? text[1..] : "";
        var (refused, version) = path == "/auth/v2/ping" ? (null, 0) : SimulatorSignature.Check(
            IntegrationKey, SecretKey, request.Headers.Authorization, request.Headers.Date, now, request.Method, request.Host.Value ?? "", path, query, request.ContentType ?? "", body);
        var parameters = refused is null ? Read(query, request.ContentType ?? "", body) : [];
        Calls.Enqueue(new(request.Method, path, version, request.Headers.Authorization.ToString(), request.Protocol, parameters));
        if (refused is { } code)
        {
            await FailAsync(context, code == 40105 || code / 100 == 401 ? 401 : 400, code, code == 40105 ? "Bad request timestamp" : "Invalid signature in request credentials");
        }
        else if (script.TryGetValue(path, out var scripted) && scripted.TryDequeue(out var answer))
        {
            await answer.PlayAsync(context);
        }
        else
        {
            await BehaveAsync(context, path, parameters, now);
        }
    }

    private Task BehaveAsync(HttpContext context, string path, Dictionary<string, string> given, DateTimeOffset now) => (context.Request.Method, path) switch
    {
        ("GET", "/auth/v2/ping" or "/auth/v2/check") => OkAsync(context, new() { ["time"] = now.ToUnixTimeSeconds() }),
        ("POST", "/auth/v2/preauth") => PreauthAsync(context, given),
        ("POST", "/auth/v2/auth") => AuthAsync(context, given, now),
        ("GET", "/auth/v2/auth_status") => StatusAsync(context, given),
        _ => FailAsync(context, 404, 40401, "Resource not found"),
    };

    private Task PreauthAsync(HttpContext context, Dictionary<string, string> given)
    {
        if (!given.TryGetValue("username", out var name))
        {
            return FailAsync(context, 400, 40001, "Missing required request parameters");
        }

        if (!Users.TryGetValue(name, out var user) || user.Access is SimulatedAccess.Enrol)
        {
            return OkAsync(context, new() { ["result"] = "enroll", ["status_msg"] = "Enroll an authentication device to proceed", ["enroll_portal_url"] = user?.EnrolLink ?? new SimulatedUser(name).EnrolLink });
        }

        if (user.Access is not SimulatedAccess.Ask)
        {
            var word = user.Access is SimulatedAccess.Bypass ? "allow" : "deny";
            return OkAsync(context, new() { ["result"] = word, ["status_msg"] = user.Access is SimulatedAccess.Bypass ? "Account is active" : "Your account is disabled" });
        }

        var answer = new Dictionary<string, object>
        {
            ["result"] = "auth",
            ["status_msg"] = "Account is active",
            ["devices"] = user.Devices.Select(device => new Dictionary<string, object>
            {
                ["device"] = device.Id, ["type"] = "phone", ["name"] = device.Name, ["display_name"] = device.Name, ["number"] = "XXX-XXX-0100", ["capabilities"] = device.Capabilities,
            }).ToList(),
        };
        if (user.VerifiedPush && given.GetValueOrDefault("client_supports_verified_push") == "1")
        {
            var (txid, code) = (Guid.NewGuid().ToString(), RandomNumberGenerator.GetInt32(100, 1000).ToString(System.Globalization.CultureInfo.InvariantCulture));
            verified[txid] = (name, code);
            answer["txid"] = txid;
            if (user.CodeInPreauth)
            {
                answer["verification_code"] = code;
            }
        }

        return OkAsync(context, answer);
    }

    private Task AuthAsync(HttpContext context, Dictionary<string, string> given, DateTimeOffset now)
    {
        if (!given.TryGetValue("username", out var name) || !Users.TryGetValue(name, out var user))
        {
            return FailAsync(context, 400, 40002, "Invalid request parameters");
        }

        if (given.GetValueOrDefault("factor") == "passcode")
        {
            var word = user.Passcodes.Remove(given.GetValueOrDefault("passcode") ?? "") ? "allow" : "deny";
            return OkAsync(context, new() { ["result"] = word, ["status"] = word, ["status_msg"] = word == "allow" ? "Success. Logging you in..." : "Incorrect passcode. Please try again." });
        }

        var device = given.GetValueOrDefault("device") is { } id ? user.Devices.Find(one => id == "auto" || one.Id == id) : null;
        if (given.GetValueOrDefault("factor") != "push" || given.GetValueOrDefault("async") != "1" || device?.Capabilities.Contains("push") != true)
        {
            return FailAsync(context, 400, 40002, "Invalid request parameters");
        }

        string? code = null;
        var txid = Guid.NewGuid().ToString();
        if (given.TryGetValue("txid", out var begun))
        {
            if (!verified.TryRemove(begun, out var known) || known.User != name)
            {
                return FailAsync(context, 400, 40002, "Invalid request parameters");
            }

            (txid, code) = (begun, known.Code);
        }

        var push = new SimulatedPush(
            txid, name, device, given.GetValueOrDefault("type") ?? "", given.GetValueOrDefault("display_username") ?? "", given.GetValueOrDefault("pushinfo") ?? "",
            given.GetValueOrDefault("ipaddr") ?? "", code, now);
        pushes[txid] = push;
        arrived.Writer.TryWrite(push);
        return OkAsync(context, new() { ["txid"] = txid });
    }

    private async Task StatusAsync(HttpContext context, Dictionary<string, string> given)
    {
        if (!given.TryGetValue("txid", out var txid) || !pushes.TryGetValue(txid, out var push))
        {
            await FailAsync(context, 400, 40002, "Invalid request parameters");
            return;
        }

        if (push.Polled() == 1 && !push.Answer.IsCompleted)
        {
            var text = push.Code is null ? "Pushed a login request to your phone..." : $"Please enter verification code {push.Code} into Duo Mobile...";
            await OkAsync(context, new() { ["result"] = "waiting", ["status"] = "pushed", ["status_msg"] = text });
            return;
        }

        var left = push.At + PushLife - (clock.GetUtcNow() + ClockOffset);
        PhoneAnswer answer;
        try
        {
            answer = left > TimeSpan.Zero || push.Answer.IsCompleted
                ? await push.Answer.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.FromMilliseconds(1), clock, context.RequestAborted)
                : PhoneAnswer.Timeout;
        }
        catch (TimeoutException)
        {
            push.Reply(PhoneAnswer.Timeout);
            answer = await push.Answer;
        }
        catch (OperationCanceledException)
        {
            return; // the client has gone
        }

        var (result, status, words) = answer switch
        {
            PhoneAnswer.Approve => ("allow", "allow", "Success. Logging you in..."),
            PhoneAnswer.Deny => ("deny", "deny", "Login request denied."),
            PhoneAnswer.Fraud => ("deny", "fraud", "Login request reported as fraudulent."),
            PhoneAnswer.LockedOut => ("deny", "locked_out", "Your account is locked out."),
            _ => ("deny", "timeout", "Login timed out."),
        };
        await OkAsync(context, new() { ["result"] = result, ["status"] = status, ["status_msg"] = words });
    }

    private static Dictionary<string, string> Read(string query, string contentType, byte[] body)
    {
        if (contentType.StartsWith("application/json", StringComparison.Ordinal))
        {
            return JsonSerializer.Deserialize<Dictionary<string, string>>(body) ?? [];
        }

        var form = contentType.StartsWith("application/x-www-form-urlencoded", StringComparison.Ordinal) ? System.Text.Encoding.UTF8.GetString(body) : query;
        return SimulatorSignature.Pairs(form).ToDictionary(pair => pair.Name, pair => pair.Value);
    }

    private static Task OkAsync(HttpContext context, Dictionary<string, object> response) =>
        context.Response.WriteAsJsonAsync(new Dictionary<string, object> { ["stat"] = "OK", ["response"] = response }, context.RequestAborted);

    private static Task FailAsync(HttpContext context, int status, int code, string message)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(new Dictionary<string, object> { ["stat"] = "FAIL", ["code"] = code, ["message"] = message }, context.RequestAborted);
    }
}
