using System.Buffers.Binary;
using System.Buffers.Text;
using System.Formats.Cbor;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Countersign.Server.Tests.Fakes;

/// <summary>An ES256 authenticator and its browser: answers options as a real pair does, or with a lie that a test asks for.</summary>
public sealed class SoftwareAuthenticator : IDisposable
{
    private static readonly Guid Model = new("01020304-0506-0708-0102-030405060708");
    private readonly ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public byte[] CredentialId { get; init; } = RandomNumberGenerator.GetBytes(32);

    public byte[] UserHandle { get; set; } = [];

    public uint Counter { get; set; }

    /// <summary>False: a synced passkey, whose counter stays 0.</summary>
    public bool Counts { get; init; } = true;

    public string Origin { get; set; } = "http://localhost:8080";

    public byte Flags { get; set; } = 0x05;

    public string Register(string optionsJson)
    {
        var options = JsonNode.Parse(optionsJson)!;
        UserHandle = Decode(options["user"]!["id"]!);
        var data = AuthenticatorData(options["rp"]!["id"]!.GetValue<string>(), (byte)(Flags | 0x40));
        var length = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)CredentialId.Length);
        byte[] authData = [.. data, .. Model.ToByteArray(bigEndian: true), .. length, .. CredentialId, .. PublicKey()];
        var writer = new CborWriter(CborConformanceMode.Ctap2Canonical);
        writer.WriteStartMap(3);
        writer.WriteTextString("fmt");
        writer.WriteTextString("none");
        writer.WriteTextString("attStmt");
        writer.WriteStartMap(0);
        writer.WriteEndMap();
        writer.WriteTextString("authData");
        writer.WriteByteString(authData);
        writer.WriteEndMap();
        return Response(new JsonObject
        {
            ["clientDataJSON"] = Encode(ClientData("webauthn.create", options)),
            ["attestationObject"] = Encode(writer.Encode()),
            ["transports"] = new JsonArray("usb"),
        });
    }

    public string Assert(string optionsJson)
    {
        var options = JsonNode.Parse(optionsJson)!;
        Counter += Counts ? 1u : 0u;
        var clientData = ClientData("webauthn.get", options);
        var data = AuthenticatorData(options["rpId"]!.GetValue<string>(), Flags);
        var signature = key.SignData([.. data, .. SHA256.HashData(clientData)], HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        return Response(new JsonObject
        {
            ["clientDataJSON"] = Encode(clientData),
            ["authenticatorData"] = Encode(data),
            ["signature"] = Encode(signature),
            ["userHandle"] = Encode(UserHandle),
        });
    }

    public bool Verifies(byte[] message, byte[] signature) => key.VerifyData(message, signature, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);

    public void Dispose() => key.Dispose();

    private string Response(JsonObject response) => new JsonObject
    {
        ["id"] = Encode(CredentialId), ["rawId"] = Encode(CredentialId), ["type"] = "public-key", ["response"] = response, ["clientExtensionResults"] = new JsonObject(),
    }.ToJsonString();

    private byte[] AuthenticatorData(string rpId, byte flags)
    {
        var counter = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(counter, Counter);
        return [.. SHA256.HashData(Encoding.UTF8.GetBytes(rpId)), flags, .. counter];
    }

    private byte[] ClientData(string type, JsonNode options) =>
        JsonSerializer.SerializeToUtf8Bytes(new { type, challenge = options["challenge"]!.GetValue<string>(), origin = Origin, crossOrigin = false });

    private byte[] PublicKey()
    {
        var point = key.ExportParameters(false).Q;
        var writer = new CborWriter(CborConformanceMode.Ctap2Canonical);
        writer.WriteStartMap(5);
        writer.WriteInt32(1);
        writer.WriteInt32(2);
        writer.WriteInt32(3);
        writer.WriteInt32(-7);
        writer.WriteInt32(-1);
        writer.WriteInt32(1);
        writer.WriteInt32(-2);
        writer.WriteByteString(point.X!);
        writer.WriteInt32(-3);
        writer.WriteByteString(point.Y!);
        writer.WriteEndMap();
        return writer.Encode();
    }

    private static string Encode(byte[] bytes) => Base64Url.EncodeToString(bytes);

    private static byte[] Decode(JsonNode text) => Base64Url.DecodeFromChars(text.GetValue<string>());
}
