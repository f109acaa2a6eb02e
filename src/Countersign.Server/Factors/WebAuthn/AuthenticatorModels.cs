namespace Countersign.Server.Factors.WebAuthn;

/// <summary>
/// Names of well-known models by AAGUID, for people to recognise their own; nothing is decided by them. From the vendors'
/// pages and the community list github.com/passkeydeveloper/passkey-authenticator-aaguids; only what is certain.
/// </summary>
internal static class AuthenticatorModels
{
    private static readonly Dictionary<Guid, string> Names = new()
    {
        [new("ee882879-721c-4913-9775-3dfcce97072a")] = "YubiKey 5",
        [new("fa2b99dc-9e39-4257-8f92-4a30d23c4118")] = "YubiKey 5 NFC",
        [new("2fc0579f-8113-47ea-b116-bb5a8db9202a")] = "YubiKey 5 NFC",
        [new("c5ef55ff-ad9a-4b9f-b580-adebafe026d0")] = "YubiKey 5Ci",
        [new("cb69481e-8ff7-4039-93ec-0a2729a154a8")] = "YubiKey 5",
        [new("73bb0cd4-e502-49b8-9c6f-b59445bf720b")] = "YubiKey 5 FIPS",
        [new("f8a011f3-8c0a-4d15-8006-17111f9edc7d")] = "Security Key by Yubico",
        [new("b92c3f9a-c014-4056-887f-140a2501163b")] = "Security Key by Yubico",
        [new("6d44ba9b-f6ec-2e49-b930-0c8fe920cb73")] = "Security Key NFC by Yubico",
        [new("ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4")] = "Google Password Manager",
        [new("adce0002-35bc-c60a-648b-0b25f1f05503")] = "Chrome on Mac",
        [new("fbfc3007-154e-4ecc-8c0b-6e020557d7bd")] = "iCloud Keychain",
        [new("dd4ec289-e01d-41c9-bb89-70fa845d4bf2")] = "iCloud Keychain (managed)",
        [new("08987058-cadc-4b81-b6e1-30de50dcbe96")] = "Windows Hello",
        [new("9ddd1817-af5a-4672-a2b9-3e3dd95000a9")] = "Windows Hello",
        [new("6028b017-b1d4-4c02-b4b3-afcdafc96bb2")] = "Windows Hello",
        [new("bada5566-a7aa-401f-bd96-45619a55120d")] = "1Password",
        [new("d548826e-79b4-db40-a3d8-11116f7e8349")] = "Bitwarden",
        [new("531126d6-e717-415c-9320-3d9aa6981239")] = "Dashlane",
        [new("fdb141b2-5d84-443e-8a35-4698c205a502")] = "KeePassXC",
        [new("50726f74-6f6e-5061-7373-50726f746f6e")] = "Proton Pass",
        [new("53414d53-554e-4700-0000-000000000000")] = "Samsung Pass",
        [new("01020304-0506-0708-0102-030405060708")] = "Chromium virtual authenticator",
    };

    public static string? NameOf(Guid aaguid) => Names.GetValueOrDefault(aaguid);
}
