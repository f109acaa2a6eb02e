using System.CommandLine;

namespace Countersign.Server.Cli;

internal static class ServeCommand
{
    public static Command Make(Terminal terminal)
    {
        var data = new Option<string?>("--data") { Description = "The data folder. Default: ./data", HelpName = "DIR" };
        var http = new Option<string?>("--http") { Description = "Where HTTP is served; port 0 takes a free one. Default: 127.0.0.1:8080", HelpName = "IP:PORT" };
        var https = new Option<string?>("--https") { Description = "Where HTTPS is served, with Gateway:Certificate and Gateway:CertificateKey. Default: nowhere", HelpName = "IP:PORT" };
        var ssh = new Option<string?>("--ssh") { Description = "Where SSH is served, or off; port 0 takes a free one. Default: 127.0.0.1:2222", HelpName = "IP:PORT|off" };
        var url = new Option<string?>("--url") { Description = "The address that people see. Default: http://localhost:PORT", HelpName = "PUBLIC_URL" };
        var config = new Option<string?>("--config") { Description = "A JSON configuration file.", HelpName = "FILE" };
        var command = new Command("serve", "Run the gateway.") { data, http, https, ssh, url, config };
        command.SetAction(async (parsed, cancellation) =>
        {
            var input = new ServeInput(
                parsed.GetValue(data), parsed.GetValue(http), parsed.GetValue(ssh), parsed.GetValue(url), parsed.GetValue(config), parsed.GetValue(https));
            try
            {
                var (options, configuration) = ServeSettings.Read(input);
                return await Gateway.ServeAsync(options, configuration, terminal.Out, cancellation);
            }
            catch (StartupException exception)
            {
                terminal.Fail(exception.Message);
                return exception.ExitCode;
            }
        });
        return command;
    }
}
