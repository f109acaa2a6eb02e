using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Data.Sqlite;

namespace Countersign.Bench;

/// <summary>
/// What the gateway is compared with: a bare Kestrel handler. <c>/hold/N</c> only waits, <c>/constant</c> answers the constant
/// upstream's bytes, <c>/commit</c> does so after one SQLite commit of its own with the ledger's settings.
/// </summary>
internal static class WaitingPeer
{
    private static readonly ConcurrentDictionary<string, TaskCompletionSource> Waiting = new();
    private static readonly Lock Writer = new();

    public static async Task RunAsync(int port)
    {
        var folder = Directory.CreateTempSubdirectory("countersign-bench-peer-");
        try
        {
            using var database = Open(Path.Combine(folder.FullName, "peer.db"));
            var builder = WebApplication.CreateEmptyBuilder(new());
            builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port, listen => listen.Protocols = HttpProtocols.Http1));
            await using var app = builder.Build();
            app.Run(context => AnswerAsync(context, database));
            await app.StartAsync();
            await ControlLoop.RunAsync(HandleAsync);
            await app.StopAsync();
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task AnswerAsync(HttpContext context, SqliteConnection database)
    {
        switch (context.Request.Path.Value)
        {
            case "/commit":
                Commit(database);
                break;
            case "/constant":
                break;
            case var hold:
                var released = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                Waiting[hold!["/hold/".Length..]] = released;
                await released.Task.WaitAsync(context.RequestAborted);
                break;
        }

        await context.Response.BodyWriter.WriteAsync(ConstantUpstream.Answer, context.RequestAborted);
    }

    private static Task<string> HandleAsync(string word, string rest)
    {
        switch (word)
        {
            case "held":
            case "look":
                return Task.FromResult(Waiting.Count.ToString(CultureInfo.InvariantCulture));
            case "approve":
                Release(rest);
                return Task.FromResult("ok");
            default:
                foreach (var number in Waiting.Keys)
                {
                    Release(number);
                }

                return Task.FromResult("ok");
        }
    }

    private static void Release(string number)
    {
        if (Waiting.TryRemove(number, out var released))
        {
            released.SetResult();
        }
    }

    private static SqliteConnection Open(string file)
    {
        var database = new SqliteConnection($"Data Source={file};Pooling=False");
        database.Open();
        using var command = database.CreateCommand();
        command.CommandText = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE records (seq INTEGER PRIMARY KEY, body BLOB NOT NULL)";
        command.ExecuteNonQuery();
        return database;
    }

    private static void Commit(SqliteConnection database)
    {
        lock (Writer)
        {
            using var command = database.CreateCommand();
            command.CommandText = "INSERT INTO records (body) VALUES ($1)";
            command.Parameters.AddWithValue("$1", ConstantUpstream.Answer);
            command.ExecuteNonQuery();
        }
    }
}
