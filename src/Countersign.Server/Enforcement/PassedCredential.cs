namespace Countersign.Server.Enforcement;

/// <summary>A person's own credential for the far side, on its way there. It is never stored, and nothing prints it.</summary>
/// <param name="authorization">The Authorization header's value, as received.</param>
internal sealed class PassedCredential(string authorization)
{
    /// <summary>For the one header that carries it.</summary>
    public string Reveal() => authorization;

    public override string ToString() => "[secret]";
}
