using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Countersign.Server.Tests.Fixtures;

/// <summary>What the operator would read on the console: warnings and worse, or all that the settings let through.</summary>
[ProviderAlias("Console")]
internal sealed class CollectedLog(LogLevel least = LogLevel.Warning) : ILoggerProvider, ILogger
{
    public ConcurrentQueue<string> Lines { get; } = new();

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= least;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        Lines.Enqueue($"{eventId} {formatter(state, exception)} {exception}");

    public void Dispose()
    {
    }
}
