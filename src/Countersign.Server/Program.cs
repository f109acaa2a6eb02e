using Countersign.Server.Cli;

return await CommandLine.RunAsync(args, Terminal.Console, CancellationToken.None);
