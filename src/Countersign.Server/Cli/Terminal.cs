namespace Countersign.Server.Cli;

/// <summary>What a command reads and writes, and the time that it tells relative times by.</summary>
internal sealed record Terminal(TextReader In, TextWriter Out, TextWriter Error, TimeProvider Clock)
{
    public static Terminal Console => new(System.Console.In, System.Console.Out, System.Console.Error, TimeProvider.System);

    /// <summary>One line on standard error, whatever the message contains.</summary>
    /// <returns><paramref name="exitCode"/>.</returns>
    public int Fail(string message, int exitCode = ExitCodes.Failed)
    {
        Error.WriteLine($"countersign: {OneLine(message)}");
        return exitCode;
    }

    /// <summary>Text from elsewhere on one line, without control characters: it must not drive the terminal.</summary>
    public static string OneLine(string text)
    {
        var words = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        return string.Concat(string.Join(' ', words).Select(character => char.IsControl(character) ? '?' : character));
    }
}

internal static class ExitCodes
{
    public const int Done = 0;

    /// <summary>Refused or failed, with one line on standard error.</summary>
    public const int Failed = 1;

    /// <summary>Wrong option, configuration or policy.</summary>
    public const int WrongUse = 2;
}
