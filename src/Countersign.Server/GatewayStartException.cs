namespace Countersign.Server;

/// <summary>The gateway cannot start; the message is the one line that its operator reads.</summary>
internal sealed class GatewayStartException(string message, Exception? inner = null) : Exception(message, inner);
