namespace Countersign.Server.Policies;

/// <summary>The policy in the data folder cannot be used, so the gateway does not start. The message is one line: file, line, column, what.</summary>
internal sealed class PolicyFileException(string message, Exception? inner = null) : Exception(message, inner);
