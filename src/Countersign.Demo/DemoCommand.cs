using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Countersign.Core.Git;
using Countersign.Core.Identities;
using Countersign.Core.Policies;
using Countersign.Server;
using Countersign.Server.Factors.DuoPush;
using Countersign.Server.People;
using Countersign.Server.Policies;

namespace Countersign.Demo;

/// <summary>
/// <c>./countersign demo</c>: a whole gateway in a folder that is gone afterwards, with a person who has Duo Push and a repository
/// that asks for it, so that somebody new sees a push arrive without an account anywhere.
/// </summary>
internal static class DemoCommand
{
    private const string Actor = "demo";

    private const string Policy = """
        version: 1
        rules:
          - name: second factor
            operations: [read, write]
            require: { strength: basic }
        """;

    public static async Task RunAsync(TextWriter output, CancellationToken stop)
    {
        var folder = Directory.CreateTempSubdirectory("countersign-demo-");
        try
        {
            await using var duo = await DuoSimulator.StartAsync(TimeProvider.System);
            await ServeAsync(folder, duo, output, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Ended while it was still starting.
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task ServeAsync(DirectoryInfo folder, DuoSimulator duo, TextWriter output, CancellationToken stop)
    {
        var port = FreePort();
        var options = new GatewayOptions
        {
            Data = Path.Combine(folder.FullName, "data"), Http = new(IPAddress.Loopback, port), Url = new($"http://localhost:{port}"),
        };
        var settings = duo.Settings(folder.FullName);
        settings["Holds:HttpsSeconds"] = "300"; // nothing stands between Git and this gateway
        settings["Logging:LogLevel:Default"] = "Warning";
        using var data = DataFolder.Open(options);
        await using var app = Gateway.Build(options, new ConfigurationBuilder().AddInMemoryCollection(settings).Build());
        await app.StartAsync(stop);
        var password = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(9));
        var token = await FurnishAsync(app.Services, duo, folder, password, stop);
        await output.WriteLineAsync($"""

            A gateway with a simulated Duo. Ctrl-C ends it and removes what it made.

              1. open Ann's phone      {duo.PhoneUrl}
              2. in another terminal   git clone http://ann:{token}@localhost:{port}/scm/ACME/core.git
              3. approve on the phone; the clone goes on. Then commit something and push it.

            The pages: http://localhost:{port}   name ann   password {password}   and the passcode that the phone shows
            """);
        await output.FlushAsync(stop);
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using (stop.Register(() => stopped.TrySetResult()))
        {
            await stopped.Task;
        }

        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        await app.StopAsync(patience.Token);
    }

    /// <returns>Ann's access token.</returns>
    private static async Task<string> FurnishAsync(IServiceProvider services, DuoSimulator duo, DirectoryInfo folder, string password, CancellationToken stop)
    {
        T Get<T>()
            where T : notnull => services.GetRequiredService<T>();

        var ann = Good(await Get<IPeople>().AddAsync("ann", "ann@example.org", password, false, Actor, stop));
        Good(await Get<IWorkspaces>().AddAsync("ACME", null, null, Actor, stop));
        Good(await Get<IWorkspaces>().AddMemberAsync("ACME", "ann", Role.Write, accepted: true, Actor, stop));
        if (!RepositoryPath.TryParse("ACME/core", out var path))
        {
            throw new UnreachableException();
        }

        Good(await Get<IRepositories>().AddAsync(path, RepositoryKind.Repository, false, await MakeSourceAsync(folder, stop), Actor, stop));
        if (await Get<PolicyStore>().ApplyAsync(Policy, Actor) is [var error, ..])
        {
            throw new InvalidOperationException(error.ToString());
        }

        await EnrolAsync(Get<DuoEnrolment>(), Get<IFactorEnrolment>(), duo, ann.Id, stop);
        foreach (var _ in Enumerable.Range(0, 20))
        {
            duo.Users["ann"].Passcodes.Add(RandomNumberGenerator.GetInt32(1_000_000).ToString("000000", System.Globalization.CultureInfo.InvariantCulture));
        }

        return Good(await Get<IAccessTokens>().AddAsync(ann.Id, "demo", 1, Actor, stop)).Secret;
    }

    /// <summary>As Ann would on the security page: begin, approve the push, take the phone into use.</summary>
    private static async Task EnrolAsync(DuoEnrolment enrolment, IFactorEnrolment factors, DuoSimulator duo, PrincipalId ann, CancellationToken stop)
    {
        duo.AddUser("ann");
        var here = new ClientAddress(IPAddress.Loopback);
        var offer = Good(await enrolment.BeginAsync(ann, Actor, here, stop));
        var trial = Good(await enrolment.PushAsync(ann, Actor, offer.Devices[0].Id, here));
        (await duo.NextPushAsync(stop)).Reply(PhoneAnswer.Approve);
        await trial.Ended.WaitAsync(stop);
        Good(await factors.ConfirmDuoAsync(ann, Actor, "Ann's iPhone", Actor, stop));
    }

    private static async Task<string> MakeSourceAsync(DirectoryInfo folder, CancellationToken stop)
    {
        var source = folder.CreateSubdirectory("source").FullName;
        await File.WriteAllTextAsync(Path.Combine(source, "README.md"), "# core\n\nTry a push: change this line.\n", stop);
        foreach (var arguments in new[] { "init -q -b main", "add README.md", "-c user.name=Ann -c user.email=ann@example.org commit -q -m Begin" })
        {
            var start = new ProcessStartInfo("git", arguments) { WorkingDirectory = source };
            start.Environment["GIT_CONFIG_GLOBAL"] = "/dev/null"; // no hooks or signing of whoever tries this
            start.Environment["GIT_CONFIG_NOSYSTEM"] = "1";
            using var git = Process.Start(start) ?? throw new InvalidOperationException("git does not start");
            await git.WaitForExitAsync(stop);
            if (git.ExitCode != 0)
            {
                throw new InvalidOperationException($"git {arguments} failed");
            }
        }

        return source;
    }

    private static T Good<T>(Result<T> result) => result.Refusal is { } refusal ? throw new InvalidOperationException(refusal.Message) : result.Value!;

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
