using Countersign.Core.Challenges;
using Countersign.Core.Policies;
using Countersign.Server.Policies;

namespace Countersign.Server.Tests.Policies;

public sealed class SshSecurityKeysReaderTests
{
    public static TheoryData<string, SshSecurityKeys> Blocks => new()
    {
        { "", new() },
        { "ssh_security_keys: {}", new() },
        { "ssh_security_keys: { verify: optional }", new() { VerifyRequired = false } },
        { "ssh_security_keys: { verify: optional, touch_only: basic, use_within: 30s }", new() { VerifyRequired = false, TouchOnly = Strength.Basic, UseWithin = TimeSpan.FromSeconds(30) } },
        { "ssh_security_keys: { counts: false }", new() { Counts = false, VerifyRequired = false } },
        { "ssh_security_keys: { counts: false, verify: required, touch_only: nothing }", new() { Counts = false } },
    };

    [Theory]
    [MemberData(nameof(Blocks))]
    public void What_security_keys_are_worth_is_read(string block, SshSecurityKeys expected)
    {
        var (policy, errors) = PolicyFile.Parse($"version: 1\n{block}\nrules: [{{ name: a }}]");
        Assert.Empty(errors);
        Assert.Equal(expected, policy!.SshSecurityKeys);
        Assert.Equal((true, true, null, TimeSpan.FromMinutes(2)), (new SshSecurityKeys().Counts, new SshSecurityKeys().VerifyRequired, new SshSecurityKeys().TouchOnly, new SshSecurityKeys().UseWithin));
    }

    [Theory]
    [InlineData("{ touch_only: basic }", "nobody signs in with a touch alone")]
    [InlineData("{ verify: required, touch_only: basic }", "nobody signs in with a touch alone")]
    [InlineData("{ counts: false, touch_only: basic }", "worth nothing either")]
    [InlineData("{ use_within: 2h }", "an hour at most")]
    [InlineData("{ verify: maybe }", "not known here")]
    [InlineData("{ touch: basic }", "unknown key")]
    public void What_contradicts_itself_is_an_error_with_its_place(string block, string text)
    {
        var (policy, errors) = PolicyFile.Parse($"version: 1\nssh_security_keys: {block}\nrules: [{{ name: a }}]");
        Assert.Null(policy);
        var error = Assert.Single(errors);
        Assert.Contains(text, error.Message, StringComparison.Ordinal);
        Assert.Equal(2, error.Line);
    }
}
