namespace Countersign.Core.WebAuthn.Statements;

/// <summary>Section 8.7.</summary>
internal static class NoneStatement
{
    public static StatementOutcome Verify(AttestedCeremony ceremony) =>
        ceremony.Statement.Is() ? new StatementOutcome(WebAuthnError.None) : WebAuthnError.AttestationStatementMalformed;
}
