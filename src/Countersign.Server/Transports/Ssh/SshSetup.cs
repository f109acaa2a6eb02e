using System.Net;
using System.Runtime.Versioning;
using Microsoft.Extensions.Options;

namespace Countersign.Server.Transports.Ssh;

/// <summary>Everything that sshd needs, in its place.</summary>
[SupportedOSPlatform("linux")]
internal sealed record SshReady(IPEndPoint Address, SshPlaces Places, SshPrograms Programs, SshFacts Facts);

/// <summary>Puts together what sshd needs: its program, host keys, folders and configuration.</summary>
[SupportedOSPlatform("linux")]
internal sealed class SshSetup(GatewayOptions gateway, IOptions<SshOptions> options)
{
    /// <summary>SSH was not switched off.</summary>
    public bool IsOn => gateway.Ssh is not null;

    /// <summary>Somebody said where it is to be served; else it is the default.</summary>
    public bool IsAsked => gateway.IsSshAsked;

    /// <summary>Throws <see cref="SshUnavailableException"/>, and <see cref="IOException"/> and the like where the machine does not let us.</summary>
    public async Task<SshReady> PrepareAsync(CancellationToken cancellation)
    {
        if (gateway.Ssh is not { } address)
        {
            throw new SshUnavailableException("switched off");
        }

        if (!OperatingSystem.IsLinux())
        {
            throw new SshUnavailableException("Git over SSH needs Linux");
        }

        var ssh = options.Value;
        var programs = await SshPrograms.FindAsync(ssh, cancellation);
        var keys = SshPlaces.KeysFolder(gateway);
        var places = SshPlaces.Prepare(gateway, ssh, programs);
        try
        {
            await HostKeys.EnsureAsync(keys, programs, places.Account, cancellation);
            places.Share(HostKeys.FilesIn(keys));
            places.WriteConfig(SshdConfiguration.Write(address, places, programs));
        }
        catch
        {
            places.Clear();
            throw;
        }

        return new(address, places, programs, new(ssh.PublicHost ?? gateway.Url.Host, ssh.PublicPort ?? address.Port, HostKeys.Read(keys), programs.Version));
    }
}
