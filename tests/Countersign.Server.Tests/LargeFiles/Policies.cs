namespace Countersign.Server.Tests.LargeFiles;

internal static class Policies
{
    public const string EverythingFree = "version: 1\nmode: enforce\nrules:\n  - name: free\n    effect: allow\n";

    public const string PushesAsked =
        """
        version: 1
        mode: enforce
        rules:
          - name: reads
            operations: [read]
            effect: allow
          - name: pushes
            operations: [write]
            effect: require
        """;
}
