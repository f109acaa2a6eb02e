using Countersign.Server.Cli;

namespace Countersign.Server;

/// <summary>The product's table of contents.</summary>
internal static class Gateway
{
    public static async Task<int> ServeAsync(GatewayOptions options, IConfiguration configuration, TextWriter output, CancellationToken cancellation)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.AddConfiguration(configuration);
        builder.Services.AddSingleton(options);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(options.Http);
            AdminSocket.Configure(kestrel, options.AdminSocket);
        });
        await using var app = builder.Build();
        await app.StartAsync(cancellation);
        await output.WriteLineAsync($"ready http={options.Url.GetLeftPart(UriPartial.Authority)} ssh=off (comes with Git over SSH)");
        await app.WaitForShutdownAsync(cancellation);
        return 0;
    }
}
