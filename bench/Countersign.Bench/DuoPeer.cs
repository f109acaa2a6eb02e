using System.Globalization;
using Countersign.Demo;

namespace Countersign.Bench;

/// <summary>The Duo simulator in a process of its own, with an account for each seeded person.</summary>
internal static class DuoPeer
{
    public static async Task RunAsync(int people)
    {
        await using var duo = await DuoSimulator.StartAsync(TimeProvider.System);
        for (var number = 0; number < people; number++)
        {
            duo.AddUser(Names.Person(number));
        }

        await ControlLoop.RunAsync((word, rest) => Task.FromResult(Handle(duo, word, rest)));
    }

    private static string Handle(DuoSimulator duo, string word, string rest)
    {
        switch (word)
        {
            case "settings":
                var settings = duo.Settings(rest);
                return string.Join(' ', ((string[])["Host", "IntegrationKey", "SecretKey", "CaFile"]).Select(name => settings[$"Factors:DuoPush:{name}"]));
            case "watched":
                return duo.Pushes.Count(push => push.Watched.IsCompleted).ToString(CultureInfo.InvariantCulture);
            case "allow":
                var name = Names.Person(int.Parse(rest, CultureInfo.InvariantCulture));
                return duo.Pushes.Single(push => push.User == name).Reply(PhoneAnswer.Approve) ? "ok" : "answered before";
            case "allow-all":
                return duo.Pushes.Count(push => push.Reply(PhoneAnswer.Approve)).ToString(CultureInfo.InvariantCulture);
            default:
                return "unknown word";
        }
    }
}
