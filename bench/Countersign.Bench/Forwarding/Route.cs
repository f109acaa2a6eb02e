namespace Countersign.Bench.Forwarding;

/// <summary>One way from the client to the origin, with what stands between.</summary>
internal abstract class Route : IAsyncDisposable
{
    public abstract string Name { get; }

    /// <summary>What is to be reached; every other figure is shown beside nginx's.</summary>
    public virtual IReadOnlyList<Aim> Aims => [];

    /// <summary>The branch that pushes go to.</summary>
    public virtual string Branch => "refs/heads/main";

    /// <summary>User and system time of all that stands between, so far; seconds.</summary>
    public double ProcessorSeconds => Between.Sum(process => process.ProcessorSeconds);

    /// <summary>Of all that stands between, and neither of git nor of the origin.</summary>
    protected virtual IReadOnlyList<ProcessFigures> Between => [];

    /// <summary>The address of a repository of the origin this way.</summary>
    public abstract string Address(string repository);

    public virtual bool Takes(Figure figure) => true;

    public abstract ValueTask DisposeAsync();
}
