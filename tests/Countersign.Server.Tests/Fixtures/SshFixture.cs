using System.Net;
using System.Runtime.Versioning;
using Countersign.Server.People;
using Countersign.Server.Transports.Ssh;
using Microsoft.Extensions.DependencyInjection;

namespace Countersign.Server.Tests.Fixtures;

/// <summary>A gateway with the real sshd in front of it, on a free port.</summary>
[SupportedOSPlatform("linux")]
internal sealed class SshFixture : IAsyncDisposable
{
    private SshFixture(GatewayFixture gateway) => Gateway = gateway;

    public GatewayFixture Gateway { get; }

    public int Port => Gateway.Options.Ssh!.Port;

    public SshState State => Gateway.Get<SshState>();

    public SshSessions Sessions => Gateway.Get<SshSessions>();

    /// <summary>The keeper's process.</summary>
    public int Keeper => Gateway.Get<SshServer>().Keeper ?? throw new InvalidOperationException("sshd does not run");

    /// <param name="run">In place of the product's commands: what happens with a command that has come in.</param>
    public static async Task<SshFixture> StartAsync(
        SshRunner? run = null, string? policy = null, Dictionary<string, string?>? settings = null, Action<IServiceCollection>? replace = null,
        Func<GatewayOptions, GatewayOptions>? options = null)
    {
        var port = GatewayFixture.FreePort();
        var gateway = await GatewayFixture.StartAsync(
            policy,
            new Dictionary<string, string?>(settings ?? []) { ["Ssh:Sshd"] = settings?.GetValueOrDefault("Ssh:Sshd") ?? UnpackedSshd.Path },
            services =>
            {
                if (run is not null)
                {
                    services.AddSingleton(run);
                }

                replace?.Invoke(services);
            },
            asked =>
            {
                asked = asked with { Ssh = new(IPAddress.Loopback, port), IsSshAsked = true };
                asked = options?.Invoke(asked) ?? asked;
                SharedHostKeys.PutInto(SshPlaces.KeysFolder(asked));
                return asked;
            });
        return new(gateway);
    }

    /// <summary>A key pair that the gateway does not know.</summary>
    public async Task<SshIdentity> StrangerAsync(params string[] options)
    {
        var identity = await SshIdentity.MakeAsync(Path.Combine(Gateway.Folder.FullName, Path.GetRandomFileName()), options);
        identity.Know(Port, SshPlaces.KeysFolder(Gateway.Options));
        return identity;
    }

    /// <summary>A new key of a person's, and its id.</summary>
    public async Task<(SshIdentity Identity, string Id)> AddKeyAsync(TestPerson person, params string[] options)
    {
        var identity = await StrangerAsync(options);
        var added = await Gateway.Get<ISshKeys>().AddAsync(person.Id, identity.PublicLine, "laptop", null, "test", TestContext.Current.CancellationToken);
        Assert.Null(added.Refusal);
        return (identity, added.Value!.Id);
    }

    public ValueTask DisposeAsync() => Gateway.DisposeAsync();
}
