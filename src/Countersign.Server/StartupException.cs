namespace Countersign.Server;

/// <summary>The gateway cannot start. The message is the one line that the operator sees: what is wrong and what to do. Exit code 2.</summary>
internal sealed class StartupException(string message) : Exception(message);
