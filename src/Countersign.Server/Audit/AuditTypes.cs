namespace Countersign.Server.Audit;

/// <summary>The stable names of audit events. Facts of each are listed in docs/audit-events.md.</summary>
internal static class AuditTypes
{
    // a command
    public const string CommandDecided = "command.decided";
    public const string CommandCompleted = "command.completed";
    public const string CredentialRejected = "credential.rejected";

    // a request for proof
    public const string ChallengeCreated = "challenge.created";
    public const string ChallengeApproved = "challenge.approved";
    public const string ChallengeDenied = "challenge.denied";
    public const string ChallengeReported = "challenge.reported";
    public const string ChallengeExpired = "challenge.expired";
    public const string ChallengeCancelled = "challenge.cancelled";
    public const string ChallengeSpent = "challenge.spent";
    public const string ChallengeNumberWrong = "challenge.number_wrong";
    public const string ChallengeNumberTyped = "challenge.number_typed";
    public const string ChallengeAwaitsNumber = "challenge.awaits_number";
    public const string ChallengePrompted = "challenge.prompted";
    public const string ChallengePromptFailed = "challenge.prompt_failed";
    public const string ChallengeLimited = "challenge.limited";
    public const string FactorPrompted = "factor.prompted";
    public const string FactorDenied = "factor.denied";
    public const string FactorFailed = "factor.failed";
    public const string FactorLocked = "factor.locked";

    // people and what they hold
    public const string SetupLinkIssued = "setup.link_issued";
    public const string SetupCompleted = "setup.completed";
    public const string PersonAdded = "person.added";
    public const string PersonDisabled = "person.disabled";
    public const string PersonEnabled = "person.enabled";
    public const string PersonUnlocked = "person.unlocked";
    public const string PersonEmailChanged = "person.email_changed";
    public const string MailDropped = "mail.dropped";
    public const string SessionStarted = "session.started";
    public const string SessionRefused = "session.refused";
    public const string SessionLimited = "session.limited";
    public const string SessionEnded = "session.ended";
    public const string StepUpPassed = "session.step_up";
    public const string FactorAdded = "factor.added";
    public const string FactorDeviceChanged = "factor.device_changed";
    public const string FactorRenamed = "factor.renamed";
    public const string FactorRemoved = "factor.removed";
    public const string FactorReset = "factor.reset";
    public const string FactorOrderChanged = "factor.order_changed";
    public const string RecoveryCodesMade = "factor.recovery_codes_made";
    public const string RecoveryCodeUsed = "factor.recovery_code_used";
    public const string PasscodeUsed = "factor.passcode_used";
    public const string CredentialReported = "credential.reported";
    public const string CredentialLifted = "credential.lifted";
    public const string TokenAdded = "token.added";
    public const string TokenRevoked = "token.revoked";
    public const string SshKeyAdded = "ssh_key.added";
    public const string SshKeyRemoved = "ssh_key.removed";
    public const string SshKeyProofSpent = "ssh_key.proof_spent";
    public const string UpstreamTokenSet = "upstream_token.set";
    public const string UpstreamTokenRemoved = "upstream_token.removed";

    // what is governed
    public const string WorkspaceAdded = "workspace.added";
    public const string MemberAdded = "member.added";
    public const string MemberAccepted = "member.accepted";
    public const string MemberRemoved = "member.removed";
    public const string WorkspaceMoved = "workspace.moved";
    public const string WorkspaceRemoved = "workspace.removed";
    public const string UpstreamAdded = "upstream.added";
    public const string UpstreamChanged = "upstream.changed";
    public const string UpstreamRemoved = "upstream.removed";
    public const string RepositoryAdded = "repository.added";
    public const string RepositoryRemoved = "repository.removed";
    public const string SshStarted = "ssh.started";
    public const string SshStopped = "ssh.stopped";
    public const string PolicyApplied = "policy.applied";
}
