using System.Globalization;
using System.Net;
using Countersign.Bench.Forwarding;
using Countersign.Core.Challenges;
using Countersign.Core.Git;
using Countersign.Core.Identities;
using Countersign.Core.Policies;
using Countersign.Server;
using Countersign.Server.Enforcement;
using Countersign.Server.People;
using Countersign.Server.Policies;
using Countersign.Server.Storage;
using Countersign.Server.Transports.Ssh;
using Microsoft.EntityFrameworkCore;

namespace Countersign.Bench;

/// <summary>
/// The gateway as it ships (<see cref="Gateway.Build"/>, real ledger on disk, real people), in a process of its own. Approvals
/// come through <see cref="ChallengeRegister.SettleAsync"/>, the durable conditional write behind every factor.
/// </summary>
internal sealed class GatewayHost(IServiceProvider services)
{
    private readonly Dictionary<int, ChallengeId> pending = [];
    private readonly ChallengeRegister register = services.GetRequiredService<ChallengeRegister>();

    public static async Task RunAsync(string data, int port, bool local, string[] settings)
    {
        var configuration = new ConfigurationBuilder().AddCommandLine([.. settings.Select(setting => "--" + setting)]).Build();
        var options = new GatewayOptions
        {
            Data = data, Http = new(IPAddress.Loopback, port), Url = new($"http://localhost:{port}"),
            AcceleratedLocation = configuration["Gateway:AcceleratedLocation"],
            Ssh = configuration["Gateway:Ssh"] is { } ssh ? IPEndPoint.Parse(ssh) : null,
            Https = configuration["Gateway:Https"] is { } https ? IPEndPoint.Parse(https) : null,
            Certificate = configuration["Gateway:Certificate"],
            CertificateKey = configuration["Gateway:CertificateKey"],
            TrustedProxies = configuration["Gateway:TrustedProxies"] is { } proxies ? [IPNetwork.Parse(proxies)] : [],
        };
        using var folder = DataFolder.Open(options);
        await using var app = Gateway.Build(options, configuration, replace =>
        {
            if (!local)
            {
                replace.AddSingleton<IUpstream, ConstantUpstream>();
            }
        });
        await app.StartAsync();
        await ControlLoop.RunAsync(new GatewayHost(app.Services).HandleAsync);
        await app.StopAsync();
    }

    private async Task<string> HandleAsync(string word, string rest)
    {
        switch (word)
        {
            case "held":
                return services.GetRequiredService<ChallengeAnnouncements>().Waiting.ToString(CultureInfo.InvariantCulture);
            case "look":
                return Look().ToString(CultureInfo.InvariantCulture);
            case "approve":
                await ApproveAsync(pending[int.Parse(rest, CultureInfo.InvariantCulture)]);
                return "ok";
            case "approve-all":
                await Task.WhenAll(pending.Values.Select(ApproveAsync));
                return "ok";
            case "approve-what-comes":
                return await ApproveWhatComesAsync(Names.Person(int.Parse(rest, CultureInfo.InvariantCulture)));
            case "stand-before":
                return await OriginBinding.BindAsync(services, new(rest));
            case "let-through":
                return await OriginBinding.LetThroughAsync(services, everything: rest == "everything");
            case "add-repository":
                return await AddRepositoryAsync(rest.Split(' '));
            case "number":
                return services.GetRequiredService<ChallengeReader>().Find(pending[int.Parse(rest, CultureInfo.InvariantCulture)])!.Number;
            case "switch-on-mail":
                return await SwitchOnMailAsync();
            case "link-duo":
                return await LinkDuoAsync();
            case "add-key":
                return await AddKeyAsync(rest);
            case "trust" when OperatingSystem.IsLinux():
                services.GetRequiredService<SshDoor>().Trust(int.Parse(rest, CultureInfo.InvariantCulture));
                return "ok";
            default:
                return "unknown word";
        }
    }

    private int Look()
    {
        pending.Clear();
        foreach (var challenge in services.GetRequiredService<ChallengeReader>().ListAll(int.MaxValue).Where(challenge => challenge.State is ChallengeState.Pending))
        {
            pending[Names.Number(challenge.PrincipalName)] = challenge.Id;
        }

        return pending.Count;
    }

    private Task ApproveAsync(ChallengeId id) =>
        register.SettleAsync(id, new ChallengeEvent.Proven(new(id, FactorKind.Totp, Strength.Strong, "app")), "bench");

    private async Task<string> ApproveWhatComesAsync(string person)
    {
        if (await services.GetRequiredService<IPeople>().FindAsync(person, CancellationToken.None) is not { } found)
        {
            return $"there is no {person}";
        }

        _ = ApproveWhatComesAsync(found.Id);
        return "ok";
    }

    private async Task ApproveWhatComesAsync(PrincipalId person)
    {
        try
        {
            await foreach (var challenge in services.GetRequiredService<ChallengeReader>().WatchAsync(person, CancellationToken.None))
            {
                if (challenge.State is ChallengeState.Pending)
                {
                    await ApproveAsync(challenge.Id);
                }
            }
        }
        catch (Exception exception)
        {
            Environment.FailFast("approving failed", exception); // else the driver would wait for its time limit
        }
    }

    /// <summary>An account at Duo for everybody, by their own names; and a single tap is enough.</summary>
    private async Task<string> LinkDuoAsync()
    {
        await using var database = await services.GetRequiredService<IDbContextFactory<GatewayDbContext>>().CreateDbContextAsync();
        var now = services.GetRequiredService<TimeProvider>().GetUtcNow();
        database.AddRange(database.Users.Select(person => new { person.Id, person.UserName }).AsEnumerable().Select(person => new DuoAccountRow
        {
            Id = Guid.NewGuid(), PersonId = person.Id, UserName = person.UserName!, Name = "phone", CreatedAt = now,
        }));
        await database.SaveChangesAsync();
        return await TakeBasicAsync();
    }

    /// <summary>Approval by email for everybody, before all else.</summary>
    private async Task<string> SwitchOnMailAsync()
    {
        await using var database = await services.GetRequiredService<IDbContextFactory<GatewayDbContext>>().CreateDbContextAsync();
        var now = services.GetRequiredService<TimeProvider>().GetUtcNow();
        await database.Users.ExecuteUpdateAsync(set => set
            .SetProperty(person => person.EmailConfirmed, true)
            .SetProperty(person => person.EmailApprovalSince, now)
            .SetProperty(person => person.FactorOrder, nameof(FactorKind.EmailApproval)));
        return await TakeBasicAsync();
    }

    private async Task<string> TakeBasicAsync()
    {
        var errors = await services.GetRequiredService<PolicyStore>().ApplyAsync(
            "version: 1\nmode: enforce\nrules:\n  - { name: tap, operations: [read, write], require: { strength: basic } }\n", "bench");
        return errors.Count == 0 ? "ok" : string.Join(' ', errors);
    }

    private async Task<string> AddKeyAsync(string line)
    {
        var owner = await services.GetRequiredService<IPeople>().FindAsync(Names.Person(0), CancellationToken.None);
        var added = await services.GetRequiredService<ISshKeys>().AddAsync(owner!.Id, line, "bench", null, "bench", CancellationToken.None);
        return added.Refusal?.ToString() ?? "ok";
    }

    private async Task<string> AddRepositoryAsync(string[] words)
    {
        _ = RepositoryPath.TryParse(words[0], out var path);
        var added = await services.GetRequiredService<IRepositories>().AddAsync(
            path!, RepositoryKind.Repository, false, words.Length > 1 ? words[1] : null, "bench", CancellationToken.None);
        return added.Refusal?.ToString() ?? "ok";
    }
}
