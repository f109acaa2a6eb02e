using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Countersign.Core.Git;
using Countersign.Core.Identities;
using Countersign.Core.LargeFiles;

namespace Countersign.Core.Challenges;

/// <summary>
/// SHA-256 over what an approval approves: challenge, person, credential, service, repository, every ref with old and new id,
/// push options, and for Git LFS what is done with which large files. Refs stand in the order of their names, so that whoever lists them in another order can still recompute it. Each part is length-prefixed (32-bit big-endian, UTF-8), so that no two operations share an encoding.
/// A WebAuthn assertion is bound to it: the webAuthnChallenge is a hash over this digest and a server nonce.
/// </summary>
public static class OperationDigest
{
    // Strict: a lone surrogate would otherwise become U+FFFD, and two texts would share an encoding. It throws, and so denies.
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <returns>64 lower-case hexadecimal digits.</returns>
    public static string Of(ChallengeId id, PrincipalId principal, GitCredential credential, GitCommand command)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Add(hash, "countersign-operation-v1");
        Add(hash, id.Value);
        Add(hash, principal.ToString());
        Add(hash, credential.Id);
        Add(hash, command.Service.ToString());
        Add(hash, command.Repository.ToString());
        AddUpdates(hash, command);
        if (command.Hidden != HiddenRefs.None)
        {
            // The page says that nobody will see the refs: whoever agreed to be asked about a push did not agree to that.
            Add(hash, "hidden");
        }

        if (command.Lfs is { } work)
        {
            // Behind everything that other operations have, so that none of theirs can be equal to one of these.
            Add(hash, "git-lfs");
            Add(hash, work.Forced ? $"{work.Verb} forced" : work.Verb.ToString());
            Add(hash, work.Files);
            Add(hash, work.Bytes.ToString(CultureInfo.InvariantCulture));
            Add(hash, work.Subject);
            AddPlace(hash, work);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    // The page says which file and whose lock, and for which ref an upload is, so they are what is approved.
    private static void AddPlace(IncrementalHash hash, LfsWork work)
    {
        Add(hash, work.Path ?? "");
        Add(hash, work.Owner ?? "");
        Add(hash, work.For?.Value ?? "");
        if (work.ThenPush)
        {
            Add(hash, "then push");
        }
    }

    /// <summary>Over the ref updates and push options alone: what a grant for a push with known refs is bound to.</summary>
    /// <returns>64 lower-case hexadecimal digits.</returns>
    public static string OfUpdates(GitCommand command)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Add(hash, "countersign-updates-v1");
        AddUpdates(hash, command);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static void AddUpdates(IncrementalHash hash, GitCommand command)
    {
        Add(hash, command.Updates.Count);
        foreach (var update in command.Updates.OrderBy(update => update.Name.Value, StringComparer.Ordinal))
        {
            Add(hash, update.Old.Hex);
            Add(hash, update.New.Hex);
            Add(hash, update.Name.Value);
        }

        Add(hash, command.PushOptions.Count);
        foreach (var option in command.PushOptions)
        {
            Add(hash, option);
        }
    }

    private static void Add(IncrementalHash hash, string part)
    {
        var bytes = Utf8.GetBytes(part);
        Add(hash, bytes.Length);
        hash.AppendData(bytes);
    }

    private static void Add(IncrementalHash hash, int number)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, number);
        hash.AppendData(bytes);
    }
}
