using System.Globalization;
using Countersign.Core.Audit;

namespace Countersign.Core.Tests.Audit;

public sealed class AuditSinceTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("90s", "2026-11-22T11:58:30Z")]
    [InlineData("15m", "2026-11-22T11:45:00Z")]
    [InlineData("2h", "2026-11-22T10:00:00Z")]
    [InlineData("7d", "2026-11-15T12:00:00Z")]
    [InlineData("4w", "2026-10-25T12:00:00Z")]
    [InlineData("0s", "2026-11-22T12:00:00Z")]
    [InlineData("2026-11-01", "2026-11-01T00:00:00Z")]
    [InlineData("2026-11-01T10:30", "2026-11-01T10:30:00Z")]
    [InlineData("2026-11-01T10:30:15", "2026-11-01T10:30:15Z")]
    [InlineData("2026-11-01T10:30:15.5Z", "2026-11-01T10:30:15.5Z")]
    [InlineData("2026-11-01T10:30:15+02:00", "2026-11-01T08:30:15Z")]
    public void Times_and_ages_are_understood(string text, string expected)
    {
        Assert.True(AuditSince.TryParse(text, Now, out var since));
        Assert.Equal(DateTimeOffset.Parse(expected, CultureInfo.InvariantCulture), since);
        Assert.Equal(TimeSpan.Zero, since.Offset);
    }

    [Theory]
    [InlineData("")]
    [InlineData("h")]
    [InlineData("2")]
    [InlineData("-2h")]
    [InlineData("2 h")]
    [InlineData("2y")]
    [InlineData("1.5h")]
    [InlineData("2147483647w")]
    [InlineData("99999999999d")]
    [InlineData("yesterday")]
    [InlineData("2026-13-01")]
    [InlineData("11/22/2026")]
    public void Anything_else_is_not(string text) => Assert.False(AuditSince.TryParse(text, Now, out _));
}
