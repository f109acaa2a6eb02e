using Countersign.Server.Storage.Sqlite;

namespace Countersign.Server;

/// <summary>Whether the gateway lives, and whether it could record a command right now.</summary>
internal static class Health
{
    public static void MapHealth(this WebApplication app)
    {
        app.MapGet("/healthz/live", () => Results.Text("live")).ExcludeFromDescription();
        app.MapGet("/healthz/ready", async (Ledger ledger) =>
        {
            try
            {
                // One durable write that changes nothing: no record, no access, so not being able to record is not being ready.
                await ledger.WriteAsync(transaction => transaction.Execute("DELETE FROM ceremonies WHERE expires < 0"));
                return Results.Text("ready");
            }
            catch (LedgerUnavailableException)
            {
                return Results.Text("not ready: nothing can be recorded", statusCode: StatusCodes.Status503ServiceUnavailable);
            }
        }).ExcludeFromDescription();
    }
}
