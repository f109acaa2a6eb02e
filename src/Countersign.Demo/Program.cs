using System.Runtime.InteropServices;
using Countersign.Demo;

using var stop = new CancellationTokenSource();
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
await DemoCommand.RunAsync(Console.Out, stop.Token);
return 0;

void End(PosixSignalContext signal)
{
    signal.Cancel = true; // what was made is taken away first
    stop.Cancel();
}
