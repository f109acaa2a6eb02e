namespace Countersign.Server.Enforcement;

/// <summary>What came of wanting to ask somebody by one kind of factor.</summary>
internal enum AskOutcome
{
    /// <summary>They are being asked.</summary>
    Begun,

    /// <summary>They are being asked that way already.</summary>
    OnItsWay,

    /// <summary>They were asked that way as often as one request may; see <see cref="PromptRound.MostOfAKind"/>.</summary>
    TooOften,

    /// <summary>The kind does not go to people by itself, the person does not have it, or the rule does not accept it.</summary>
    NotPossible,

    /// <summary>There is nothing to ask any more.</summary>
    Settled,
}

/// <summary>How one kind of factor stands with one request.</summary>
/// <param name="Times">How often it was asked.</param>
/// <param name="OnItsWay">It is being asked now, and has not answered.</param>
internal readonly record struct AskedBefore(int Times, bool OnItsWay)
{
    public bool TooOften => Times >= PromptRound.MostOfAKind;
}
