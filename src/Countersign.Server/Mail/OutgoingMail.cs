namespace Countersign.Server.Mail;

/// <summary>A mail as it is written: both parts say the same.</summary>
/// <param name="Subject">One line. Whatever would break it is made visible.</param>
/// <param name="Text">Plain, lines of any length.</param>
/// <param name="Html">A whole document.</param>
internal sealed record OutgoingMail(string Subject, string Text, string Html);
