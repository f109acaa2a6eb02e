using Countersign.Core.Challenges;
using Countersign.Core.Tests.Policies;
using FsCheck;
using FsCheck.Fluent;
using static Countersign.Core.Tests.Policies.World;
using Event = Countersign.Core.Challenges.ChallengeEvent;
using State = Countersign.Core.Challenges.ChallengeState;

namespace Countersign.Core.Tests.Challenges;

/// <summary>State by event, whole; then what holds for every sequence of events.</summary>
public sealed class ChallengeTests
{
    private static readonly FactorProof Good = Proof();

    private static readonly Challenge New = new()
    {
        Id = ChallengeOne,
        PrincipalId = Ann.Id,
        PrincipalName = Ann.Name,
        Credential = Laptop,
        Command = Push(Update("refs/heads/main")).Command,
        Client = Home,
        UserAgent = "git/2.39.5",
        CommandToken = new(ChallengeOne, "42"),
        Requirement = new(),
        Terms = new(),
        Number = "42",
        Digest = "",
        CreatedAt = Now,
        ExpiresAt = Now.AddMinutes(5),
    };

    private static readonly FactorProof Tap = Proof(FactorKind.DuoPush, Strength.Basic);

    private static readonly Dictionary<string, State> States = new()
    {
        ["Pending"] = new State.Pending(),
        ["Approved"] = new State.Approved(Good),
        ["Denied"] = new State.Denied(DenialCause.Declined),
        ["Expired"] = new State.Expired(),
        ["Cancelled"] = new State.Cancelled(CancelCause.ClientLeft),
        ["Spent"] = new State.Spent(Good),
    };

    private static readonly Dictionary<string, Event> Events = new()
    {
        ["proven"] = new Event.Proven(Good),
        ["proven too weakly"] = new Event.Proven(Proof(FactorKind.EmailApproval, Strength.Basic)),
        ["proven for another"] = new Event.Proven(Good with { ChallengeId = ChallengeId.From(Enumerable.Repeat((byte)7, 16).ToArray()) }),
        ["declined"] = new Event.Declined(Reported: false),
        ["reported"] = new Event.Declined(Reported: true),
        ["tapped"] = new Event.Proven(Tap),
        ["wrong number"] = new Event.WrongNumber(),
        ["number right"] = new Event.NumberRight(),
        ["cancelled"] = new Event.Cancelled(CancelCause.AccessEnded),
        ["hold ended"] = new Event.HoldEnded(),
        ["redeemed"] = new Event.Redeemed(),
        ["tick"] = new Event.Tick(),
    };

    [Theory]
    [InlineData("Pending", "proven", "Approved")]
    [InlineData("Pending", "proven too weakly", "Pending")]
    [InlineData("Pending", "proven for another", "Pending")]
    [InlineData("Pending", "declined", "Denied")]
    [InlineData("Pending", "reported", "Denied")]
    [InlineData("Pending", "tapped", "Pending")]
    [InlineData("Pending", "wrong number", "Pending")]
    [InlineData("Pending", "number right", "Pending")]
    [InlineData("Pending", "cancelled", "Cancelled")]
    [InlineData("Pending", "hold ended", "Pending")]
    [InlineData("Pending", "redeemed", "Pending")]
    [InlineData("Pending", "tick", "Pending")]
    [InlineData("Approved", "proven", "Approved")]
    [InlineData("Approved", "proven too weakly", "Approved")]
    [InlineData("Approved", "proven for another", "Approved")]
    [InlineData("Approved", "declined", "Approved")]
    [InlineData("Approved", "reported", "Approved")]
    [InlineData("Approved", "tapped", "Approved")]
    [InlineData("Approved", "wrong number", "Approved")]
    [InlineData("Approved", "number right", "Approved")]
    [InlineData("Approved", "cancelled", "Cancelled")]
    [InlineData("Approved", "hold ended", "Approved")]
    [InlineData("Approved", "redeemed", "Spent")]
    [InlineData("Approved", "tick", "Approved")]
    public void An_open_challenge_goes_where_the_event_says(string from, string @event, string to) =>
        Assert.Equal(to, (New with { State = States[from] }).Apply(Events[@event], Now).State.Name);

    public static TheoryData<string, string> FinalPairs => [.. from state in States.Keys
                                                               from @event in Events.Keys
                                                               where States[state].IsFinal
                                                               select (state, @event)];

    [Theory]
    [MemberData(nameof(FinalPairs))]
    public void A_final_state_absorbs_every_event_at_any_time(string state, string @event)
    {
        var settled = New with { State = States[state] };
        Assert.Same(settled, settled.Apply(Events[@event], Now));
        Assert.Same(settled, settled.Apply(Events[@event], Now.AddYears(1)));
    }

    public static TheoryData<string, string> OpenPairs => [.. from state in new[] { "Pending", "Approved" } from @event in Events.Keys select (state, @event)];

    [Theory]
    [MemberData(nameof(OpenPairs))]
    public void At_its_end_every_event_finds_it_expired(string state, string @event)
    {
        var open = New with { State = States[state] };
        Assert.IsType<State.Expired>(open.Apply(Events[@event], New.ExpiresAt).State);
        Assert.IsNotType<State.Expired>(open.Apply(Events[@event], New.ExpiresAt.AddTicks(-1)).State);
    }

    [Fact]
    public void The_third_wrong_number_kills_it_and_the_right_one_then_comes_too_late()
    {
        var twice = New.Apply(new Event.WrongNumber(), Now).Apply(new Event.WrongNumber(), Now);
        Assert.Equal((2, "Pending"), (twice.WrongNumbers, twice.State.Name));
        var dead = twice.Apply(new Event.WrongNumber(), Now);
        Assert.Equal(new State.Denied(DenialCause.WrongNumbers), dead.State);
        Assert.Same(dead, dead.Apply(new Event.Proven(Good), Now));
    }

    [Fact]
    public void A_denial_keeps_its_cause()
    {
        Assert.Equal(new State.Denied(DenialCause.Declined), New.Apply(Events["declined"], Now).State);
        Assert.Equal(new State.Denied(DenialCause.Reported), New.Apply(Events["reported"], Now).State);
        Assert.Equal(new State.Cancelled(CancelCause.AccessEnded), New.Apply(Events["cancelled"], Now).State);
    }

    [Fact]
    public void Once_the_held_command_has_gone_its_key_no_longer_binds() =>
        Assert.Null(New.Apply(new Event.HoldEnded(), Now).CommandToken);

    [Fact]
    public void Where_the_number_is_owed_a_proof_without_it_approves_nothing()
    {
        var owed = New with { Requirement = new() { Number = true } };
        Assert.IsType<State.Pending>(owed.Apply(new Event.Proven(Good), Now).State);
        Assert.IsType<State.Approved>(owed.Apply(new Event.Proven(Good with { NumberTyped = true }), Now).State);
    }

    [Fact]
    public void A_tap_and_the_number_are_a_strong_factor_together_whichever_comes_first()
    {
        var tapped = New.Apply(new Event.Proven(Tap), Now);
        Assert.Equal(("Pending", Tap), (tapped.State.Name, tapped.AwaitsNumber));
        var typed = New.Apply(new Event.NumberRight(), Now);
        Assert.Equal(("Pending", true), (typed.State.Name, typed.NumberTyped));
        var whole = new State.Approved(Tap with { NumberTyped = true, Strength = Strength.Strong });
        Assert.Equal(whole, tapped.Apply(new Event.NumberRight(), Now).State);
        Assert.Equal(whole, typed.Apply(new Event.Proven(Tap), Now).State);
    }

    [Theory]
    [InlineData(Strength.PhishingResistant)]
    [InlineData(Strength.HardwareAttested)]
    public void A_tap_with_the_number_is_no_more_than_strong(Strength owed)
    {
        var challenge = New with { Requirement = new() { Strength = owed } };
        Assert.Same(challenge, challenge.Apply(new Event.Proven(Tap), Now));
        Assert.IsType<State.Pending>(challenge.Apply(new Event.NumberRight(), Now).Apply(new Event.Proven(Tap), Now).State);
    }

    [Fact]
    public void Neither_the_number_alone_nor_a_mail_with_it_is_a_strong_factor()
    {
        var typed = New.Apply(new Event.NumberRight(), Now);
        Assert.Same(typed, typed.Apply(new Event.NumberRight(), Now));
        Assert.Same(typed, typed.Apply(Events["proven too weakly"], Now));
    }

    [Fact]
    public void Three_wrong_numbers_take_the_tap_of_before_along()
    {
        var dead = Enumerable.Range(0, 3).Aggregate(New.Apply(new Event.Proven(Tap), Now), (challenge, _) => challenge.Apply(new Event.WrongNumber(), Now));
        Assert.Same(dead, dead.Apply(new Event.NumberRight(), Now));
        Assert.Equal(new State.Denied(DenialCause.WrongNumbers), dead.State);
    }

    private static readonly Gen<(Event Event, int Seconds)[]> Sequences =
        Gen.Elements(Events.Values.ToArray()).SelectMany(_ => Gen.Choose(0, 40), (@event, seconds) => (@event, seconds)).ListOf().Select(list => list.ToArray());

    [Fact]
    public void In_any_sequence_it_is_settled_once_approved_only_by_a_satisfying_proof_and_spent_at_most_once() =>
        Generators.Holds(Sequences, events =>
        {
            var (challenge, now, spent) = (New, Now, 0);
            foreach (var (@event, seconds) in events)
            {
                now = now.AddSeconds(seconds);
                var next = challenge.Apply(@event, now);
                var becameApproved = challenge.State is State.Pending && next.State is State.Approved;
                var becameSpent = challenge.State is not State.Spent && next.State is State.Spent;
                spent += becameSpent ? 1 : 0;
                var sound = (!challenge.State.IsFinal || ReferenceEquals(challenge, next))
                    && (next.State is not State.Approved { Proof: var proof } || (proof.ChallengeId == New.Id && New.Requirement.IsSatisfiedBy(proof)))
                    && (!becameApproved || @event is Event.Proven || (@event is Event.NumberRight && challenge.AwaitsNumber is not null))
                    && (!becameSpent || (challenge.State is State.Approved && @event is Event.Redeemed && now < New.ExpiresAt))
                    && next.WrongNumbers is >= 0 and <= Challenge.MaxWrongNumbers
                    && next with { State = New.State, WrongNumbers = 0, CommandToken = New.CommandToken, NumberTyped = false, AwaitsNumber = null } == New;
                if (!sound)
                {
                    return false;
                }

                challenge = next;
            }

            return spent <= 1;
        });
}
