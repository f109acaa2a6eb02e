using System.Runtime.CompilerServices;
using Countersign.Core.Git;
using Countersign.Server.Enforcement;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Countersign.Server.Tests;

/// <summary>What the layout promises, asked of the compiled assemblies.</summary>
public sealed class ArchitectureTests
{
    private static readonly Type[] Core = Own(typeof(GitCommand));
    private static readonly Type[] Server = Own(typeof(Gateway));

    /// <summary>Values, text, numbers and cryptography. No file, no socket beyond the type of an address, no host.</summary>
    private static readonly string[] CoreMayUse =
    [
        "System.Runtime", "System.Collections", "System.Collections.Immutable", "System.Linq", "System.Memory", "System.Formats.Asn1", "System.Formats.Cbor",
        "System.Net.Primitives", "System.Runtime.InteropServices", "System.Runtime.Numerics", "System.Security.Cryptography", "System.Text.Encoding.Extensions", "System.Text.Encodings.Web",
        "System.Text.Json", "System.Text.RegularExpressions", "System.Threading",
    ];

    [Fact]
    public void Core_references_nothing_but_the_framework_assemblies_it_may() =>
        Assert.Empty(typeof(GitCommand).Assembly.GetReferencedAssemblies().Select(assembly => assembly.Name!).Except(CoreMayUse));

    [Fact]
    public void Core_has_no_interface() => Assert.DoesNotContain(Core, type => type.IsInterface);

    [Fact]
    public void Every_type_of_the_server_is_internal() =>
        Assert.Empty(Server.Where(type => type.IsPublic && !type.IsAssignableTo(typeof(Migration))).Select(type => type.FullName)); // migrations are generated

    [Fact]
    public void Factors_and_upstreams_are_sealed() =>
        Assert.Empty(Server.Where(type => type.IsClass && !type.IsSealed && (type.IsAssignableTo(typeof(IFactor)) || type.IsAssignableTo(typeof(IUpstream)))).Select(type => type.FullName));

    [Fact]
    public void No_type_is_named_for_nothing_in_particular() =>
        Assert.Empty(Core.Concat(Server).Concat(Own(typeof(ArchitectureTests)))
            .Where(type => new[] { "Manager", "Helper", "Helpers", "Util", "Utils", "Impl" }.Any(end => type.Name.EndsWith(end, StringComparison.Ordinal)))
            .Select(type => type.FullName));

    [Fact]
    public void Only_the_enforcement_point_forwards_a_command()
    {
        Assert.Equal([typeof(Forwarder)], Taking(typeof(IUpstream)));
        Assert.Equal([typeof(GitEnforcementPoint)], Taking(typeof(Forwarder)));
    }

    [Fact]
    public void Only_the_stores_open_their_files_so_that_every_change_is_noticed() =>
        Assert.Equal(
            ["DatabaseReader.cs", "LedgerConnection.cs", "LedgerReads.cs"],
            Sources().Where(file => File.ReadAllText(file).Contains("SqliteConnectionStringBuilder", StringComparison.Ordinal)).Select(Path.GetFileName).Order());

    [Fact]
    public void Only_their_openings_and_their_register_change_challenges() =>
        Assert.Equal(
            ["ChallengeOpenings.cs", "ChallengeRegister.cs"],
            Sources().Where(file => File.ReadAllText(file).Contains("ChallengeTransitions.", StringComparison.Ordinal)).Select(Path.GetFileName).Order());

    private static IEnumerable<string> Sources() =>
        Directory.EnumerateFiles(Checkout.PathOf("src/Countersign.Server"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal));

    private static IEnumerable<Type> Taking(Type service) =>
        Server.Where(type => type.GetConstructors((System.Reflection.BindingFlags)52).Any(made => made.GetParameters().Any(parameter => parameter.ParameterType == service)));

    private static Type[] Own(Type one) =>
        [.. one.Assembly.GetTypes().Where(type => type.Namespace?.StartsWith("Countersign", StringComparison.Ordinal) == true && !type.IsDefined(typeof(CompilerGeneratedAttribute), inherit: false))];
}
