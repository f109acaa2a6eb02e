namespace Countersign.Server.Enforcement;

/// <summary>Lets an allowed command through to the far side, and cuts it when its person's or credential's access ends.</summary>
internal sealed class Forwarder(IUpstream upstream, RunningCommands running, Decider decisions)
{
    public bool Inspects(CommandRequest request) => upstream.Inspects(request.Command.Repository);

    public Task<bool> InspectAsync(IGitExchange exchange, CancellationToken cancellation) => exchange.InspectAsync(upstream, cancellation);

    public async Task<ForwardOutcome> ForwardAsync(IGitExchange exchange, CancellationToken cancellation)
    {
        using var command = running.Start(exchange.Request, cancellation);

        // Access that ended before this command was listed has not cut it; from here on it would.
        if (!decisions.HasAccess(exchange.Request))
        {
            return new(false, 0, 0, "access ended") { IsCut = true };
        }

        var outcome = await exchange.ForwardAsync(upstream, command.Cancellation);
        return outcome with { IsCut = command.Cancellation.IsCancellationRequested };
    }
}
