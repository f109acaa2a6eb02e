using System.Text;
using Countersign.Server.Factors.Totp;

namespace Countersign.Server.Tests.Factors;

public sealed class OneTimeCodeTests
{
    private static readonly byte[] Secret = Encoding.ASCII.GetBytes("12345678901234567890");

    [Theory] // RFC 4226 appendix D
    [InlineData(0, "755224")]
    [InlineData(1, "287082")]
    [InlineData(2, "359152")]
    [InlineData(3, "969429")]
    [InlineData(4, "338314")]
    [InlineData(5, "254676")]
    [InlineData(6, "287922")]
    [InlineData(7, "162583")]
    [InlineData(8, "399871")]
    [InlineData(9, "520489")]
    public void Counters_give_the_codes_of_RFC_4226(long step, string code) => Assert.Equal(code, OneTimeCode.At(Secret, step));

    [Theory] // RFC 6238 appendix B, the last six of eight digits
    [InlineData(59, "287082")]
    [InlineData(1111111109, "081804")]
    [InlineData(1111111111, "050471")]
    [InlineData(1234567890, "005924")]
    [InlineData(2000000000, "279037")]
    [InlineData(20000000000, "353130")]
    public void Times_give_the_codes_of_RFC_6238(long seconds, string code) =>
        Assert.Equal(code, OneTimeCode.At(Secret, OneTimeCode.StepAt(DateTimeOffset.FromUnixTimeSeconds(seconds))));

    [Theory]
    [InlineData("12345")]
    [InlineData("1234567")]
    [InlineData("12345a")]
    [InlineData("12 456")]
    [InlineData("+12345")]
    [InlineData("١٢٣٤٥٦")]
    [InlineData("１２３４５６")]
    [InlineData("")]
    [InlineData(null)]
    public void Only_six_ASCII_digits_are_a_code(string? code) => Assert.False(OneTimeCode.IsWellFormed(code));
}
