namespace Countersign.Server.Web.Views;

/// <summary>The field for the number in the terminal.</summary>
/// <param name="Id">Of the element.</param>
/// <param name="Form">The form it is sent with, where it stands outside of it.</param>
/// <param name="Big">It is the one thing to do, so it has the cursor.</param>
internal sealed record NumberField(string Id, string? Form = null, bool Big = false)
{
    /// <summary>Six digits and the space that people put in their middle.</summary>
    public const int MaxLength = 7;
}
