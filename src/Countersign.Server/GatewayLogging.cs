namespace Countersign.Server;

internal static class GatewayLogging
{
    /// <summary>Events go to standard error, one line each; standard output belongs to the ready line. Section <c>Logging</c> sets levels.</summary>
    public static IServiceCollection AddGatewayLogging(this IServiceCollection services, IConfiguration configuration) =>
        services.AddLogging(logging => logging
            .SetMinimumLevel(LogLevel.Warning)
            .AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None) // a failed start is explained in one line
            .AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error) // its keys lie in a folder for the owner alone
            .AddConfiguration(configuration.GetSection("Logging"))

            // After the configuration, so that no level lets them through: they write whole addresses, and links of mails and of set-up hold tokens.
            .AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.Warning)
            .AddFilter("Microsoft.AspNetCore.Routing", LogLevel.Warning)
            .AddFilter("Microsoft.AspNetCore.StaticFiles", LogLevel.Warning)
            .AddSimpleConsole(console =>
            {
                console.SingleLine = true;
                console.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
                console.UseUtcTimestamp = true;
            })
            .Services.Configure<Microsoft.Extensions.Logging.Console.ConsoleLoggerOptions>(options => options.LogToStandardErrorThreshold = LogLevel.Trace));
}
