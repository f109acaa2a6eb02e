using System.Collections.Concurrent;
using System.Text;
using Countersign.Server.Tests.Upstreams.SmartHttp;
using Microsoft.AspNetCore.Http;

namespace Countersign.Server.Tests.Upstreams.Passed;

/// <summary>Accounts of a Git host, with the habits that hosts have, and a list of every credential that it was shown.</summary>
internal sealed class HostAccounts
{
    private readonly Dictionary<string, string> accounts = new() { ["ann"] = "ann's far password", ["bob"] = "bob's far password", ["carl"] = "carl's far password" };

    /// <summary>Each Authorization header that questions brought, with where it was shown; forwarded commands come after their decision.</summary>
    public ConcurrentQueue<(string Target, string Authorization)> Shown { get; } = new();

    /// <summary>Everybody may read, and a wrong credential is as good as none.</summary>
    public bool ReadsAreOpen { get; set; }

    public bool WritesAreOpen { get; set; }

    /// <summary>Goes by the secret alone, as hosts do with tokens.</summary>
    public bool IgnoresNames { get; set; }

    /// <summary>Says in X-AUSERNAME who asks.</summary>
    public bool NamesThem { get; set; }

    /// <summary>Whom it names, whoever asks; null for the truth.</summary>
    public string? NamesAs { get; set; }

    /// <summary>Answers everything with this status; null to serve.</summary>
    public int? Fails { get; set; }

    /// <summary>Answers wait for it; null to answer at once.</summary>
    public TaskCompletionSource? Gate { get; set; }

    public string SecretOf(string name) => accounts[name];

    public void Serve(GitHost host) => host.Before = BeforeAsync;

    private async Task<bool> BeforeAsync(HttpContext context)
    {
        var authorization = context.Request.Headers.Authorization.ToString();
        if (authorization.Length > 0)
        {
            Shown.Enqueue((context.Request.Path + context.Request.QueryString, authorization));
        }

        if (Gate is { } gate)
        {
            await gate.Task;
        }

        if (Fails is { } status)
        {
            context.Response.StatusCode = status;
            context.Response.Headers.Location = "http://elsewhere.example.org/";
            return true;
        }

        var user = Find(authorization);
        if (NamesThem && user is not null)
        {
            context.Response.Headers["X-AUSERNAME"] = NamesAs ?? user;
        }

        if (context.Request.Path.Value is "/whoami" or "/api/user")
        {
            context.Response.StatusCode = user is null && context.Request.Path == "/api/user" ? 401 : 200;
            await context.Response.WriteAsync(context.Request.Path == "/whoami" ? $"{NamesAs ?? user}\n" : $$"""{"login": "{{NamesAs ?? user}}", "id": 7}""");
            return true;
        }

        var writes = context.Request.QueryString.Value!.Contains("receive", StringComparison.Ordinal) || context.Request.Path.Value!.EndsWith("receive-pack", StringComparison.Ordinal);
        if (user is not null || (writes ? WritesAreOpen : ReadsAreOpen))
        {
            return false;
        }

        context.Response.StatusCode = 401;
        context.Response.Headers.WWWAuthenticate = "Basic realm=\"far\"";
        return true;
    }

    private string? Find(string authorization)
    {
        if (authorization.StartsWith("Bearer ", StringComparison.Ordinal))
        {
            return accounts.FirstOrDefault(account => account.Value.Replace("'", "", StringComparison.Ordinal).Replace(' ', '-') == authorization["Bearer ".Length..]).Key;
        }

        if (!authorization.StartsWith("Basic ", StringComparison.Ordinal))
        {
            return null;
        }

        var pair = Encoding.UTF8.GetString(Convert.FromBase64String(authorization["Basic ".Length..])).Split(':', 2);
        return accounts.FirstOrDefault(account => account.Value == pair[1] && (IgnoresNames || string.Equals(account.Key, pair[0], StringComparison.OrdinalIgnoreCase))).Key;
    }
}
