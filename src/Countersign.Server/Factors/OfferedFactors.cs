using Countersign.Core.Challenges;
using Countersign.Server.Factors.DuoPush;
using Countersign.Server.Factors.EmailApproval;
using Microsoft.Extensions.Options;

namespace Countersign.Server.Factors;

/// <summary>Which factors this gateway offers, by its configuration. What somebody set up before and is not offered any more proves nothing.</summary>
internal sealed class OfferedFactors(IOptions<EmailApprovalOptions> email, IServiceProviderIsService services)
{
    private readonly bool offersEmail = email.Value.Enabled;
    private readonly bool offersDuo = services.IsService(typeof(DuoPushes));

    public bool Has(FactorKind kind) => kind switch
    {
        FactorKind.EmailApproval => offersEmail,
        FactorKind.DuoPush => offersDuo,
        _ => true,
    };

    /// <summary>A factor that email may come beside: proven by something else than a mailbox, and offered here.</summary>
    public bool Carries(FactorKind kind) => kind is FactorKind.WebAuthn or FactorKind.Totp or FactorKind.DuoPush && Has(kind);
}
