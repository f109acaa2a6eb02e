using System.Reflection;

namespace Countersign.Server.Tests.Web;

/// <summary>Stands where a page wants somebody whom the test never asks.</summary>
public class NotAsked : DispatchProxy
{
    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => throw new InvalidOperationException($"{targetMethod} was asked.");
}
