using System.Globalization;
using System.Security.Cryptography;

namespace Countersign.Server.Enforcement;

/// <summary>
/// The number that a terminal shows, for the person to compare or type. Two digits where passkeys and codes prove who somebody is;
/// six where typing it is half of a proof, beside a tap or a mail: then it must withstand guessing. One length for all: a redirect
/// shows it before anybody has said who they are.
/// </summary>
internal sealed class ChallengeNumber(IEnumerable<IPrompt> prompts)
{
    private readonly int digits = prompts.Any() ? 6 : 2;

    public string Draw() => From((uint)RandomNumberGenerator.GetInt32(int.MaxValue));

    /// <param name="mac">Evenly distributed over 32 bits: the first numbers come up more often by one in four thousand at most.</param>
    public string From(uint mac) => digits == 2
        ? (mac % 100).ToString("00", CultureInfo.InvariantCulture)
        : (mac % 1_000_000).ToString("000000", CultureInfo.InvariantCulture);
}
