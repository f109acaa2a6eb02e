namespace Countersign.Server.Mail;

/// <summary>
/// What a mail is for. Each kind has room of its own in the outbox, so that none crowds out another, and goes in this order: kept as
/// its number, so a new one comes where its urgency puts it only before a release.
/// </summary>
internal enum MailKind
{
    /// <summary>A command waits for the answer.</summary>
    Approval,

    /// <summary>Somebody waits at a page for the code.</summary>
    Code,

    /// <summary>To the address that somebody is about to lose.</summary>
    Warning,

    /// <summary>What happened to the account.</summary>
    Notice,

    /// <summary>Stands for the notices that found no room.</summary>
    More,

    /// <summary>Somebody else asks the person to join something.</summary>
    Invitation,
}
