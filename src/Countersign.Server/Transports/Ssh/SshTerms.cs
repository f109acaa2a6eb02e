using Countersign.Server.Enforcement;
using Countersign.Server.Transports.Https;
using Microsoft.Extensions.Options;

namespace Countersign.Server.Transports.Ssh;

/// <summary>What every Git command over SSH needs to be held, told and refused.</summary>
internal sealed class SshTerms(IOptions<HoldOptions> holds, RefusalText texts, PushSpools spools, SshCrowd crowd, TimeProvider clock)
{
    public TimeSpan HoldTime => TimeSpan.FromSeconds(holds.Value.SshSeconds);

    public RefusalText Texts => texts;

    public PushSpools Spools => spools;

    public SshCrowd Crowd => crowd;

    public TimeProvider Clock => clock;
}
