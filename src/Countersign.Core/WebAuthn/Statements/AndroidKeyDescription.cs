using System.Formats.Asn1;
using System.Numerics;

namespace Countersign.Core.WebAuthn.Statements;

/// <summary>
/// The certificate extension by which Android's keystore describes a key
/// (source.android.com/docs/security/features/keystore/attestation, KeyDescription).
/// </summary>
internal sealed record AndroidKeyDescription(int SecurityLevel, byte[] Challenge, AndroidAuthorizationList Software, AndroidAuthorizationList Hardware)
{
    public const string Oid = "1.3.6.1.4.1.11129.2.1.17";

    // SecurityLevel: Software (0), TrustedEnvironment (1), StrongBox (2).
    private const int TrustedEnvironment = 1;
    private const int StrongBox = 2;

    /// <summary>
    /// 8.4, over the union of both lists: allApplications "is not present", origin is KM_ORIGIN_GENERATED, purpose is KM_PURPOSE_SIGN.
    /// </summary>
    public bool IsForSigningHere =>
        !Software.AllApplications && !Hardware.AllApplications
        && (Software.Origin ?? Hardware.Origin) is not null
        && Software.IsGeneratedOrSilent && Hardware.IsGeneratedOrSilent
        && (Software.Purposes ?? Hardware.Purposes) is not null
        && Software.IsForSigningOrSilent && Hardware.IsForSigningOrSilent;

    /// <summary>"Use only the teeEnforced authorization list if the Relying Party wants to accept only keys from a trusted execution environment".</summary>
    public bool IsInHardware =>
        SecurityLevel is TrustedEnvironment or StrongBox
        && Hardware is { Origin: not null, Purposes: not null, IsGeneratedOrSilent: true, IsForSigningOrSilent: true };

    public static AndroidKeyDescription? Read(byte[]? encoded)
    {
        try
        {
            // Keystores do not sort their sets.
            var outer = new AsnReader(encoded ?? [], AsnEncodingRules.DER, new() { SkipSetSortOrderVerification = true });
            var description = outer.ReadSequence();
            description.ReadInteger(); // attestationVersion
            var level = ReadLevel(description);
            description.ReadInteger(); // keymasterVersion
            ReadLevel(description);
            var challenge = description.ReadOctetString();
            description.ReadOctetString(); // uniqueId
            var software = AndroidAuthorizationList.Read(description.ReadSequence());
            var hardware = AndroidAuthorizationList.Read(description.ReadSequence());
            return outer.HasData || description.HasData ? null : new(level, challenge, software, hardware);
        }
        catch (Exception e) when (e is AsnContentException or InvalidOperationException)
        {
            return null;
        }
    }

    // ENUMERATED in the schema; some writers use INTEGER, and nothing hangs on which.
    private static int ReadLevel(AsnReader reader)
    {
        var level = reader.PeekTag() == Asn1Tag.Enumerated
            ? new BigInteger(reader.ReadEnumeratedBytes().Span, isUnsigned: false, isBigEndian: true)
            : reader.ReadInteger();
        return level >= 0 && level <= StrongBox ? (int)level : throw new AsnContentException();
    }
}

/// <summary>The fields of an AuthorizationList that section 8.4 asks for; null where a field is not there.</summary>
internal sealed record AndroidAuthorizationList(IReadOnlyList<BigInteger>? Purposes, BigInteger? Origin, bool AllApplications)
{
    private const int PurposeTag = 1;
    private const int AllApplicationsTag = 600;
    private const int OriginTag = 702;
    private const int Sign = 2; // KM_PURPOSE_SIGN
    private const int Generated = 0; // KM_ORIGIN_GENERATED

    public bool IsGeneratedOrSilent => Origin is null || Origin == Generated;

    public bool IsForSigningOrSilent => Purposes is null || (Purposes.Count == 1 && Purposes[0] == Sign);

    public static AndroidAuthorizationList Read(AsnReader fields)
    {
        var list = new AndroidAuthorizationList(null, null, false);
        var last = -1;
        while (fields.HasData)
        {
            var tag = fields.PeekTag();
            // In the order of their tags, so that none is there twice.
            if (tag.TagClass != TagClass.ContextSpecific || tag.TagValue <= last)
            {
                throw new AsnContentException();
            }

            last = tag.TagValue;
            var field = fields.ReadSequence(tag);
            list = last switch
            {
                PurposeTag => list with { Purposes = ReadSet(field) },
                AllApplicationsTag => list with { AllApplications = true },
                OriginTag => list with { Origin = field.ReadInteger() },
                _ => list,
            };
        }

        return list;
    }

    private static List<BigInteger> ReadSet(AsnReader field)
    {
        var set = field.ReadSetOf(skipSortOrderValidation: true);
        var numbers = new List<BigInteger>();
        while (set.HasData)
        {
            numbers.Add(set.ReadInteger());
        }

        return numbers;
    }
}
