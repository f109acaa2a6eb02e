namespace Countersign.Server.Factors.DuoPush;

/// <summary>
/// Which hosts are Duo's own. Whoever could point the gateway at another one, with a certificate that any public authority gives them,
/// would approve everything; a host that is not Duo's is taken only with the authority that vouches for it.
/// </summary>
internal static class DuoHost
{
    private static readonly string[] Domains = [".duosecurity.com", ".duofederal.com"];

    /// <param name="host">A name, with or without a port.</param>
    public static bool IsDuos(string? host) =>
        host?.Split(':')[0] is { } name && Array.Exists(Domains, domain => name.EndsWith(domain, StringComparison.OrdinalIgnoreCase));
}
