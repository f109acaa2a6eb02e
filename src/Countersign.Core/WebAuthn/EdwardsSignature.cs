using System.Runtime.InteropServices;

namespace Countersign.Core.WebAuthn;

/// <summary>
/// Ed25519 and Ed448 (RFC 8032), which the framework does not have, by the libcrypto that the framework itself uses. Verification
/// only: a function of its arguments.
/// </summary>
internal static unsafe partial class EdwardsSignature
{
    private const string Libcrypto = "libcrypto.so.3";

    // openssl/evp.h: NID_ED25519, NID_ED448.
    private const int Ed25519 = 1087;
    private const int Ed448 = 1088;

    // The y-coordinates of the points of small order, as they may be encoded (RFC 7748 section 7 tells why they are refused).
    private static readonly byte[][] SmallOrder =
    [
        Convert.FromHexString("0000000000000000000000000000000000000000000000000000000000000000"),
        Convert.FromHexString("0100000000000000000000000000000000000000000000000000000000000000"),
        Convert.FromHexString("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
        Convert.FromHexString("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
        Convert.FromHexString("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
        Convert.FromHexString("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
        Convert.FromHexString("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    ];

    public static bool HasSmallOrder(ReadOnlySpan<byte> point)
    {
        Span<byte> y = stackalloc byte[32];
        point.CopyTo(y);
        y[31] &= 0x7f; // the sign of x
        foreach (var small in SmallOrder)
        {
            if (y.SequenceEqual(small))
            {
                return true;
            }
        }

        return false;
    }

    /// <returns>False for a wrong signature, for a key that is no point, and where libcrypto is missing or fails: never true by accident.</returns>
    public static bool Verify(KeyType curve, ReadOnlySpan<byte> point, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        if (signature.Length != (curve == KeyType.Ed25519 ? 64 : 114))
        {
            return false;
        }

        nint key = 0;
        nint context = 0;
        try
        {
            fixed (byte* pointBytes = point, dataBytes = data, signatureBytes = signature)
            {
                key = NewRawPublicKey(curve == KeyType.Ed25519 ? Ed25519 : Ed448, 0, pointBytes, (nuint)point.Length);
                context = key == 0 ? 0 : NewContext();
                return context != 0
                    && DigestVerifyInit(context, 0, 0, 0, key) == 1
                    && DigestVerify(context, signatureBytes, (nuint)signature.Length, dataBytes, (nuint)data.Length) == 1;
            }
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            return false;
        }
        finally
        {
            if (context != 0)
            {
                FreeContext(context);
            }

            if (key != 0)
            {
                FreeKey(key);
                ClearErrors(); // a refusal leaves an error on this thread, which the framework would take for its own
            }
        }
    }

    [LibraryImport(Libcrypto, EntryPoint = "EVP_PKEY_new_raw_public_key")]
    private static partial nint NewRawPublicKey(int type, nint engine, byte* key, nuint length);

    [LibraryImport(Libcrypto, EntryPoint = "EVP_PKEY_free")]
    private static partial void FreeKey(nint key);

    [LibraryImport(Libcrypto, EntryPoint = "EVP_MD_CTX_new")]
    private static partial nint NewContext();

    [LibraryImport(Libcrypto, EntryPoint = "EVP_MD_CTX_free")]
    private static partial void FreeContext(nint context);

    [LibraryImport(Libcrypto, EntryPoint = "EVP_DigestVerifyInit")]
    private static partial int DigestVerifyInit(nint context, nint keyContext, nint digest, nint engine, nint key);

    [LibraryImport(Libcrypto, EntryPoint = "EVP_DigestVerify")]
    private static partial int DigestVerify(nint context, byte* signature, nuint signatureLength, byte* data, nuint length);

    [LibraryImport(Libcrypto, EntryPoint = "ERR_clear_error")]
    private static partial void ClearErrors();
}
