using Countersign.Bench;
using Countersign.Bench.Forwarding;

// The driver and the servers that it measures are the same program, each a process of its own.
switch (args)
{
    case ["seed", var data, var people]:
        await Seed.RunAsync(data, int.Parse(people, null));
        return 0;
    case ["gateway", var data, var port, var upstream, .. var settings]:
        await GatewayHost.RunAsync(data, int.Parse(port, null), local: upstream == "local", settings);
        return 0;
    case ["peer", var port]:
        await WaitingPeer.RunAsync(int.Parse(port, null));
        return 0;
    case ["duo", var people]:
        await DuoPeer.RunAsync(int.Parse(people, null));
        return 0;
    case ["forwarder", var port, var origin]:
        await BareForwarder.RunAsync(int.Parse(port, null), int.Parse(origin, null));
        return 0;
    case [("holds" or "prompts" or "mails" or "decisions" or "grants" or "transfer" or "forwarding" or "rates" or "ssh" or "guesses" or "all") and var what]:
        return await Suite.RunAsync(what);
    default:
        await Console.Error.WriteLineAsync("usage: bench/run [holds|prompts|mails|decisions|grants|transfer|forwarding|rates|ssh|guesses|all]");
        return 2;
}
