namespace Countersign.Server.Factors.EmailApproval;

/// <summary>Approval by mail. Off unless an instance wants it: neither NIST SP 800-63B-4 nor OWASP ASVS 5.0 takes email for a factor.</summary>
internal sealed class EmailApprovalOptions
{
    public const string Section = "Factors:EmailApproval";

    /// <summary>People may approve by mail where a rule takes <c>basic</c>.</summary>
    public bool Enabled { get; init; }
}
