namespace Countersign.Server.Enforcement;

/// <summary>The client's message is broken beyond its head: there is nothing to decide on. The message says what, in one line.</summary>
internal sealed class UnreadableRequestException(string message, Exception inner) : IOException(message, inner);
