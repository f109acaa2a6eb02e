namespace Countersign.Core.WebAuthn.Statements;

/// <summary>The TPMS_ATTEST of a statement (TPM 2.0 Library part 2, section 10.12.12), which holds a TPMS_CERTIFY_INFO.</summary>
internal sealed record TpmCertifyInfo(byte[] ExtraData, byte[] Name)
{
    private const uint TpmGenerated = 0xff544347;
    private const ushort AttestCertify = 0x8017;
    private const int ClockInfoLength = 17;
    private const int FirmwareVersionLength = 8;

    public static TpmCertifyInfo? Read(byte[] bytes)
    {
        var reader = new TpmReader(bytes);
        // "Verify that magic is set to TPM_GENERATED_VALUE. Verify that type is set to TPM_ST_ATTEST_CERTIFY."
        if (reader.UInt32() != TpmGenerated || reader.UInt16() != AttestCertify)
        {
            return null;
        }

        reader.Sized(); // qualifiedSigner
        var extraData = reader.Sized();
        reader.Skip(ClockInfoLength + FirmwareVersionLength);
        var name = reader.Sized();
        reader.Sized(); // qualifiedName
        return reader.Ended ? new(extraData, name) : null;
    }
}
