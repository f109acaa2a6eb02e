namespace Countersign.Server.People;

/// <summary>First run: the one-time link that <c>serve</c> prints while there is no person.</summary>
internal interface ISetup
{
    /// <summary>A new link's secret, replacing the one before: single use, 30 min. Null when set-up is done.</summary>
    Task<string?> IssueLinkAsync(CancellationToken cancellation);

    bool IsValid(string secret);

    /// <summary>Spends the link and makes the owner account (administrator), a workspace and a sample repository.</summary>
    Task<Result<SessionStart>> CompleteAsync(string secret, string name, string email, string password, CancellationToken cancellation);
}
