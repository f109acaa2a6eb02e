namespace Countersign.Server;

/// <summary>The gateway cannot start. The message is the one line that the operator sees: what is wrong and what to do.</summary>
/// <param name="message">One sentence or two, without a trailing line feed.</param>
/// <param name="exitCode">2 for a wrong option, configuration or policy; 1 for a world that does not let us.</param>
/// <param name="inner">The cause.</param>
internal sealed class StartupException(string message, int exitCode = 1, Exception? inner = null) : Exception(message, inner)
{
    public int ExitCode => exitCode;
}
