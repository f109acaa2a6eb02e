using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Json;

namespace Countersign.Core.WebAuthn;

/// <summary>A credential as options name it: to be left out at registration, or to be used.</summary>
public sealed record CredentialDescriptor(ReadOnlyMemory<byte> Id, IReadOnlyList<string> Transports)
{
    public static CredentialDescriptor Of(CredentialRecord record) => new(record.Id, record.Transports);
}

/// <summary>What both forms of options share: a writer, base64url, descriptors.</summary>
internal static class OptionsJson
{
    public static string Write(Action<Utf8JsonWriter> members)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            members(writer);
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    public static void WriteBytes(this Utf8JsonWriter writer, string name, ReadOnlyMemory<byte> bytes) =>
        writer.WriteString(name, Base64Url.EncodeToString(bytes.Span));

    public static void WriteTimeout(this Utf8JsonWriter writer, TimeSpan timeout) =>
        writer.WriteNumber("timeout", (long)timeout.TotalMilliseconds);

    public static void WriteDescriptors(this Utf8JsonWriter writer, string name, IReadOnlyList<CredentialDescriptor> credentials)
    {
        writer.WriteStartArray(name);
        foreach (var credential in credentials)
        {
            writer.WriteStartObject();
            writer.WriteString("type", "public-key");
            writer.WriteBytes("id", credential.Id);
            if (credential.Transports.Count > 0)
            {
                writer.WriteStartArray("transports");
                foreach (var transport in credential.Transports)
                {
                    writer.WriteStringValue(transport);
                }

                writer.WriteEndArray();
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }
}
