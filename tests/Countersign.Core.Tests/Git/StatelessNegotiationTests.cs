using System.Buffers;
using Countersign.Core.Git;
using FsCheck;
using FsCheck.Fluent;

namespace Countersign.Core.Tests.Git;

public sealed class StatelessNegotiationTests
{
    private static readonly string A = new('a', 40);
    private static readonly string B = new('b', 40);
    private static readonly string C = new('c', 40);

    [Fact]
    public void Each_round_says_again_what_is_wanted_and_what_both_sides_have()
    {
        var negotiation = new StatelessNegotiation();
        Assert.Equal(NegotiationStep.More, Add(negotiation, $"want {A} multi_ack_detailed side-band-64k\n"));
        Assert.Equal(NegotiationStep.More, Flush(negotiation));
        Assert.Equal(NegotiationStep.More, Add(negotiation, $"have {B}\n"));
        Assert.Equal(NegotiationStep.Round, Flush(negotiation));
        var wants = Bytes.Pkt($"want {A} multi_ack_detailed side-band-64k\n") + "0000";
        Assert.Equal(wants + Bytes.Pkt($"have {B}\n") + "0000", Bytes.Text(negotiation.Body()));
        Assert.Equal(Bytes.Pkt($"ACK {B} common\n") + Bytes.Pkt("NAK\n"), Pass(negotiation, Bytes.Pkt($"ACK {B} common\n") + Bytes.Pkt("NAK\n")));

        Add(negotiation, $"have {C}\n");
        Flush(negotiation);
        Assert.Equal(wants + Bytes.Pkt($"have {B}\n") + Bytes.Pkt($"have {C}\n") + "0000", Bytes.Text(negotiation.Body()));
        Assert.Equal(Bytes.Pkt($"ACK {C} ready\n") + Bytes.Pkt("NAK\n"), Pass(negotiation, Bytes.Pkt($"ACK {B} common\n") + Bytes.Pkt($"ACK {C} ready\n") + Bytes.Pkt("NAK\n")));

        Assert.Equal(NegotiationStep.Last, Add(negotiation, "done\n"));
        Assert.EndsWith(Bytes.Pkt($"have {B}\n") + Bytes.Pkt($"have {C}\n") + Bytes.Pkt("done\n"), Bytes.Text(negotiation.Body()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("shallow aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n")]
    [InlineData("deepen 1\n")]
    [InlineData("deepen-since 1\n")]
    [InlineData("deepen-not main\n")]
    public void A_shallow_history_is_told_as_one(string line)
    {
        var negotiation = new StatelessNegotiation();
        Add(negotiation, $"want {A} multi_ack\n");
        Assert.Equal(NegotiationStep.Shallow, Add(negotiation, line));
    }

    [Fact]
    public void A_client_that_takes_one_acknowledgement_is_not_sent_it_twice()
    {
        var negotiation = new StatelessNegotiation();
        Add(negotiation, $"want {A}\n");
        Flush(negotiation);
        Add(negotiation, $"have {B}\n");
        Assert.Equal(NegotiationStep.Round, Flush(negotiation));
        Pass(negotiation, Bytes.Pkt($"ACK {B}\n"));
        Assert.Equal(NegotiationStep.Shallow, Add(negotiation, "done\n"));
    }

    [Fact]
    public void Who_wants_nothing_is_done() => Assert.Equal(NegotiationStep.End, Flush(new()));

    [Theory]
    [InlineData("have x", true)]
    [InlineData("command=fetch", true)]
    [InlineData("want x", false)]
    [InlineData("", false)]
    public void What_has_no_place_there_is_malformed(string line, bool first)
    {
        var negotiation = new StatelessNegotiation();
        if (!first)
        {
            Add(negotiation, $"want {A}\n");
            Flush(negotiation);
        }

        Assert.Equal(NegotiationStep.Malformed, Add(negotiation, line));
        Assert.Equal(NegotiationStep.Malformed, negotiation.Add(PktKind.Delimiter, default));
    }

    [Fact]
    public void An_endless_list_is_refused()
    {
        var negotiation = new StatelessNegotiation();
        var step = NegotiationStep.More;
        for (var count = 0; count < 300_000 && step == NegotiationStep.More; count++)
        {
            step = Add(negotiation, $"want {A}\n");
        }

        Assert.Equal(NegotiationStep.Malformed, step);
    }

    [Fact]
    public void An_answer_that_is_no_list_of_acknowledgements_is_told_and_garbage_never_throws() => Prop.ForAll<byte[]>(garbage =>
    {
        var negotiation = new StatelessNegotiation();
        Assert.False(negotiation.TryPass(Bytes.Of("PACK"), new ArrayBufferWriter<byte>()));
        Assert.False(negotiation.TryPass("0000"u8, new ArrayBufferWriter<byte>()));
        negotiation.TryPass(garbage, new ArrayBufferWriter<byte>());
        negotiation.Add(PktKind.Data, garbage);
    }).QuickCheckThrowOnFailure();

    private static NegotiationStep Add(StatelessNegotiation negotiation, string line) => negotiation.Add(PktKind.Data, Bytes.Of(line));

    private static NegotiationStep Flush(StatelessNegotiation negotiation) => negotiation.Add(PktKind.Flush, default);

    private static string Pass(StatelessNegotiation negotiation, string answer)
    {
        var client = new ArrayBufferWriter<byte>();
        Assert.True(negotiation.TryPass(Bytes.Of(answer), client));
        return Bytes.Text(client.WrittenSpan);
    }
}
