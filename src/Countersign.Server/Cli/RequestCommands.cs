using System.CommandLine;
using System.Text.Json;

namespace Countersign.Server.Cli;

internal static class RequestCommands
{
    public static Command Make(AdminVerbs admin)
    {
        var id = new Argument<string>("ID") { Description = "For example WDJB-MJHT." };
        return new("request", "Requests for approval.")
        {
            admin.Verb("list", "Everybody's requests, what waits first.", [], _ => AdminCall.Get("requests"), (requests, output) => Table.Write(
                output,
                ["ID", "STATE", "WHO", "WHAT", "FROM", "ASKED"],
                requests.Items().Select(request => (IReadOnlyList<string>)
                [
                    request.Text("id"), request.Text("state"), request.Text("person"), $"{request.Text("operation")} {request.Text("repository")}", request.Text("client"), admin.Ago(request.GetProperty("createdAt")),
                ]),
                "There are no requests.")),
            admin.Verb(
                "show",
                "One request.",
                [id],
                parsed => AdminCall.Get(AdminCall.At($"requests/{parsed.GetRequiredValue(id)}")),
                (request, output) => Show(admin, request, output)),
        };
    }

    private static void Show(AdminVerbs admin, JsonElement request, TextWriter output)
    {
        var cause = request.Text("cause") is { Length: > 0 } why ? $" ({why})" : "";
        var approval = request.GetProperty("approval") is { ValueKind: JsonValueKind.Object } by ? $" with {by.Text("authenticator")} ({by.Text("factor")})" : "";
        IEnumerable<IReadOnlyList<string>> refs = request.GetProperty("refs").Items().Select(update => (IReadOnlyList<string>)
        [
            update.Text("change") + (update.Text("forced") == "True" ? ", forced" : ""),
            $"{update.Text("name")}  {Short(update.Text("old"))} -> {Short(update.Text("new"))}",
        ]);
        Table.Write(
            output,
            ["request", request.Text("id")],
            [
                ["state", request.Text("state") + cause + approval],
                ["what", $"{request.Text("operation")} {request.Text("repository")}"],
                .. refs,
                ["who", $"{request.Text("person")} with {request.Text("credential")}"],
                ["from", $"{request.Text("client")} {request.Text("userAgent")}"],
                ["asked", admin.Ago(request.GetProperty("createdAt"))],
                ["expires", admin.Ago(request.GetProperty("expiresAt"))],
                ["needs", request.GetProperty("requirement").Text("strength")],
                ["approve at", request.Text("approveUrl")],
            ],
            "");
    }

    private static string Short(string hex) => hex.Length > 7 ? hex[..7] : hex;
}
