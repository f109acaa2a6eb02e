using Microsoft.Extensions.Logging.Console;

namespace Countersign.Server;

internal static class GatewayLogging
{
    /// <summary>
    /// They write whole addresses, and links of mails and of set-up hold tokens, or what was typed into forms. The first also makes
    /// each request an activity, which nobody here reads.
    /// </summary>
    private static readonly (string Category, LogLevel Least)[] TellSecrets =
    [
        ("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None), ("Microsoft.AspNetCore.Routing", LogLevel.Warning),
        ("Microsoft.AspNetCore.StaticFiles", LogLevel.Warning), ("Microsoft.AspNetCore.Mvc", LogLevel.Warning),
    ];

    /// <summary>Events go to standard error, one line each; standard output belongs to the ready line. Section <c>Logging</c> sets levels.</summary>
    public static IServiceCollection AddGatewayLogging(this IServiceCollection services, IConfiguration configuration) =>
        services.AddLogging(logging => logging
            .SetMinimumLevel(LogLevel.Warning)
            .AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None) // a failed start is explained in one line
            .AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error) // its keys lie in a folder for the owner alone
            .AddConfiguration(configuration.GetSection("Logging"))
            .AddSimpleConsole(console =>
            {
                console.SingleLine = true;
                console.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
                console.UseUtcTimestamp = true;
            })
            .Services
            .PostConfigure<LoggerFilterOptions>(Silence)
            .Configure<ConsoleLoggerOptions>(options => options.LogToStandardErrorThreshold = LogLevel.Trace));

    /// <summary>After the configuration, and for the console by its name too: a level that is set for the console alone goes before all others.</summary>
    private static void Silence(LoggerFilterOptions options)
    {
        foreach (var (category, least) in TellSecrets)
        {
            options.Rules.Add(new(null, category, least, null));
            options.Rules.Add(new("Console", category, least, null));
        }
    }
}
