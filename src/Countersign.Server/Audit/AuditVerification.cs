namespace Countersign.Server.Audit;

/// <summary>What verifying the log has shown.</summary>
/// <param name="Ok">Nothing is wrong.</param>
/// <param name="Size">The number of records that are right from the first on.</param>
/// <param name="Root">The Merkle root over them, base64.</param>
/// <param name="FirstWrong">The index of the first record that is wrong or missing; null when all is right, or when not a record is at fault.</param>
/// <param name="Message">One sentence.</param>
internal sealed record AuditVerification(bool Ok, long Size, string Root, long? FirstWrong, string Message);
