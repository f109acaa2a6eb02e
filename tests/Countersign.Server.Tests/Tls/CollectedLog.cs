using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Countersign.Server.Tests.Tls;

/// <summary>What the operator would read: warnings and worse.</summary>
internal sealed class CollectedLog : ILoggerProvider, ILogger
{
    public ConcurrentQueue<string> Lines { get; } = new();

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        Lines.Enqueue($"{eventId} {formatter(state, exception)} {exception}");

    public void Dispose()
    {
    }
}
