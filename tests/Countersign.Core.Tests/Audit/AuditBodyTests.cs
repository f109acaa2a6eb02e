using System.Text;
using System.Text.Json;
using Countersign.Core.Audit;
using FsCheck;
using FsCheck.Fluent;

namespace Countersign.Core.Tests.Audit;

public sealed class AuditBodyTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 22, 13, 0, 0, 123, TimeSpan.FromHours(1));

    [Fact]
    public void Members_stand_in_one_order_and_facts_in_ordinal_order()
    {
        var @event = new AuditEvent("command.decided", Noon, "ann")
        {
            Facts = new Dictionary<string, string> { ["repository"] = "ACME/core", ["Z"] = "1", ["decision"] = "allow" },
        };
        Assert.Equal(
            """{"seq":7,"time":"2026-11-22T12:00:00.123Z","type":"command.decided","actor":"ann","facts":{"Z":"1","decision":"allow","repository":"ACME/core"}}""",
            Text(7, @event));
    }

    [Theory]
    [InlineData("a\r\nb", @"a\u000d\u000ab")]
    [InlineData("\0\u001b[31m\u007f\u0085", @"\u0000\u001b[31m\u007f\u0085")]
    [InlineData("\u2028\u2029\u202e\ufeff", @"\u2028\u2029\u202e\ufeff")]
    [InlineData("\"\\/", "\\\"\\\\/")]
    [InlineData("Jörg", @"J\u00f6rg")]
    [InlineData("😀", @"\ud83d\ude00")]
    [InlineData("<script>'+&", "<script>'+&")]
    public void Whatever_is_not_printable_ascii_is_escaped(string actor, string escaped)
        => Assert.Contains($"\"actor\":\"{escaped}\"", Text(0, new("x", Noon, actor)), StringComparison.Ordinal);

    [Fact]
    public void Half_a_surrogate_pair_becomes_the_replacement_character()
    {
        var actor = new string(['a', '\ud83d', 'b', '\ude00', '\ud83d']);
        Assert.Contains(@"""a\ufffdb\ufffd\ufffd""", Text(0, new("x", Noon, actor)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_fact_name_that_came_from_input_is_refused()
        => Assert.Throws<ArgumentException>(() => AuditBody.Encode(0, new("x", Noon, "a") { Facts = new Dictionary<string, string> { ["a\nb"] = "" } }));

    [Fact]
    public void Any_text_gives_one_line_of_ascii_that_reads_back()
        => Prop.ForAll<string?, string?>((actor, value) =>
        {
            var @event = new AuditEvent("x", Noon, actor ?? "") { Facts = new Dictionary<string, string> { ["fact"] = value ?? "" } };
            var body = AuditBody.Encode(3, @event);
            var decoded = AuditBody.TryDecode(body, out var seq, out var read);
            using var json = JsonDocument.Parse(body);
            return decoded && seq == 3 && read!.Actor == (actor ?? "").Normalise() && read.Facts["fact"] == (value ?? "").Normalise()
                && body.All(b => b is >= 0x20 and <= 0x7e)
                && json.RootElement.GetProperty("actor").GetString() == read.Actor;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Any_utf16_units_give_one_line_of_ascii_that_reads_back()
        => Prop.ForAll<char[]>(units =>
        {
            var body = AuditBody.Encode(0, new("x", Noon, new string(units)));
            return AuditBody.TryDecode(body, out _, out _) && body.All(b => b is >= 0x20 and <= 0x7e);
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("""{"seq":0}""")]
    [InlineData("""{"seq":"0","time":"2026-11-22T12:00:00.123Z","type":"x","actor":"a","facts":{}}""")]
    [InlineData("""{"seq":00,"time":"2026-11-22T12:00:00.123Z","type":"x","actor":"a","facts":{}}""")]
    [InlineData("""{"seq":0,"time":"2026-11-22T12:00:00Z","type":"x","actor":"a","facts":{}}""")]
    [InlineData("""{"seq":0,"time":"2026-11-22T12:00:00.123Z","actor":"a","type":"x","facts":{}}""")]
    [InlineData("""{"seq":0, "time":"2026-11-22T12:00:00.123Z","type":"x","actor":"a","facts":{}}""")]
    [InlineData("""{"seq":0,"time":"2026-11-22T12:00:00.123Z","type":"x","actor":"a","facts":{}} """)]
    [InlineData("""{"seq":0,"time":"2026-11-22T12:00:00.123Z","type":"x","actor":"a","facts":{},"more":1}""")]
    [InlineData("""{"seq":0,"time":"2026-11-22T12:00:00.123Z","type":"x","actor":"\u0061","facts":{}}""")]
    [InlineData("""{"seq":0,"time":"2026-11-22T12:00:00.123Z","type":"x","actor":"\ud800","facts":{}}""")]
    [InlineData("""{"seq":0,"time":"2026-11-22T12:00:00.123Z","type":"x","actor":"\u00F6","facts":{}}""")]
    [InlineData("""{"seq":0,"time":"2026-11-22T12:00:00.123Z","type":"x","actor":"ö","facts":{}}""")]
    [InlineData("""{"seq":0,"time":"2026-11-22T12:00:00.123Z","type":"x","actor":null,"facts":{}}""")]
    [InlineData("""{"seq":0,"time":"2026-11-22T12:00:00.123Z","type":"x","actor":"a","facts":{"b":"1","a":"2"}}""")]
    [InlineData("""{"seq":0,"time":"2026-11-22T12:00:00.123Z","type":"x","actor":"a","facts":{"a":"1","a":"2"}}""")]
    [InlineData("""{"seq":0,"time":"2026-11-22T12:00:00.123Z","type":"x","actor":"a","facts":{"a":1}}""")]
    [InlineData("""{"seq":0,"time":"2026-11-22T12:00:00.123Z","type":"x","actor":"a","facts":{"a":{"b":"c"}}}""")]
    [InlineData("""{"seq":0,"time":"2026-11-22T12:00:00.123Z","type":"x","actor":"a","facts":[]}""")]
    public void Any_other_spelling_is_not_a_record(string body)
        => Assert.False(AuditBody.TryDecode(Encoding.UTF8.GetBytes(body), out _, out _));

    [Fact]
    public void Bytes_that_are_no_text_are_not_a_record()
        => Prop.ForAll<byte[]>(bytes => !AuditBody.TryDecode(bytes, out _, out _)).QuickCheckThrowOnFailure();

    private static string Text(long seq, AuditEvent @event) => Encoding.UTF8.GetString(AuditBody.Encode(seq, @event));
}

internal static class Utf16
{
    /// <summary>What a UTF-8 round trip leaves: halves of surrogate pairs become U+FFFD.</summary>
    public static string Normalise(this string text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
}
