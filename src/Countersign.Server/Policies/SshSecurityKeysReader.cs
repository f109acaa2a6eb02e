using Countersign.Core.Challenges;
using Countersign.Core.Policies;

namespace Countersign.Server.Policies;

/// <summary>The words for <see cref="SshSecurityKeys.TouchOnly"/>.</summary>
internal enum TouchWorth
{
    Nothing,
    Basic,
}

/// <summary>Reads <c>ssh_security_keys</c>. What contradicts itself is an error: a worth that no sign-in could ever have.</summary>
internal static class SshSecurityKeysReader
{
    private static readonly TimeSpan LongestUse = TimeSpan.FromHours(1);

    public static SshSecurityKeys Read(PolicyFields file, PolicyErrors errors)
    {
        var keys = new SshSecurityKeys();
        if (file.Fields("ssh_security_keys", PolicyWords.SshSecurityKeysKeys) is not { } fields)
        {
            return keys;
        }

        var counts = fields.Truth("counts") ?? keys.Counts;
        var read = new SshSecurityKeys
        {
            Counts = counts,

            // Where they do not count nothing is gained by turning away those that have no PIN.
            VerifyRequired = fields.Word("verify", PolicyWords.Verification) ?? counts,
            TouchOnly = fields.Word("touch_only", PolicyWords.TouchWorths) == TouchWorth.Basic ? Strength.Basic : null,
            UseWithin = PolicyDuration.Read(fields, "use_within", errors) ?? keys.UseWithin,
        };
        if (read is { TouchOnly: not null, VerifyRequired: true } && fields.Has("touch_only"))
        {
            errors.Add(fields.Place("touch_only"), "with 'verify: required' nobody signs in with a touch alone; write 'verify: optional' for touches to be worth something");
        }

        if (read is { TouchOnly: not null, Counts: false })
        {
            errors.Add(fields.Place("touch_only"), "with 'counts: false' a touch is worth nothing either");
        }

        if (read.UseWithin > LongestUse)
        {
            errors.Add(fields.Place("use_within"), "'use_within' is an hour at most: a sign-in of long ago says nothing of who types now");
        }

        return read;
    }
}
