using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using System.Text.Json;
using Countersign.Server.Cli;
using Countersign.Server.Enforcement;
using Countersign.Server.Factors.DuoPush;
using Countersign.Server.Factors.EmailApproval;
using Countersign.Server.Factors.WebAuthn;
using Countersign.Server.Mail;
using Countersign.Server.Transports.Ssh;
using Countersign.Server.Upstreams.LocalRepositories;
using Countersign.Server.Upstreams.SmartHttp;

namespace Countersign.Server.Tests.Docs;

/// <summary>docs/configuration.md says every setting with its default and range; nothing says a setting that is not there.</summary>
public sealed class ConfigurationDocumentTests
{
    private static readonly Dictionary<string, Type> Classes = new(StringComparer.Ordinal)
    {
        [DuoPushOptions.Section] = typeof(DuoPushOptions),
        [EmailApprovalOptions.Section] = typeof(EmailApprovalOptions),
        ["Holds"] = typeof(HoldOptions),
        ["Lfs"] = typeof(LfsOptions),
        ["Mail"] = typeof(MailOptions),
        ["Repositories"] = typeof(RepositoriesOptions),
        ["Ssh"] = typeof(SshOptions),
        ["Upstreams"] = typeof(UpstreamsOptions),
        ["WebAuthn"] = typeof(WebAuthnOptions),
    };

    [Fact]
    public void Every_section_is_known_here() =>
        Assert.Equal(Classes.Keys.Select(section => section.Split(':')[0]).Distinct().Concat(["Gateway", "Logging"]).Order(), ServeSettings.Known.Keys.Order());

    [Fact]
    public void Settings_that_documents_name_are_there() => Documents.AssertNone(
        from document in Documents.All
        from span in document.Spans.Distinct()
        let key = (span.StartsWith("Countersign__", StringComparison.Ordinal) ? span["Countersign__".Length..].Split('=')[0].Replace("__", ":") : span).Split(':')
        where key.Length >= 2 && ServeSettings.Known.ContainsKey(key[0]) && !IsSetting(key)
        select $"{document}: {span}");

    [Fact]
    public void Every_setting_is_described_with_its_default_and_range()
    {
        var rows = Documents.Rows(Documents.Of("docs/configuration.md")).ToDictionary(row => row.Name, row => row.Cells);
        Assert.All(ServeSettings.Known["Gateway"], key => Assert.Contains($"Gateway:{key}", rows));
        foreach (var (section, type) in Classes)
        {
            var defaults = Activator.CreateInstance(type);
            Assert.All(type.GetProperties(), property =>
            {
                var cells = Assert.Contains($"{section}:{property.Name}", rows);
                Assert.Equal(Words(property.GetValue(defaults)), cells[0].Trim('`'));
                if (property.GetCustomAttribute<RangeAttribute>() is { } range)
                {
                    Assert.Equal($"{Words(range.Minimum)} to {Words(range.Maximum)}", cells[1]);
                }
            });
        }
    }

    [Fact]
    public void The_example_file_holds_settings_only()
    {
        var text = Documents.Of("docs/configuration.md").Text;
        var start = text.IndexOf("```json\n", StringComparison.Ordinal) + "```json\n".Length;
        using var example = JsonDocument.Parse(text[start..text.IndexOf("```", start, StringComparison.Ordinal)]);
        Assert.All(Leaves(example.RootElement, ""), key => Assert.True(IsSetting(key.Split(':')), key));
    }

    private static bool IsSetting(string[] key) => ServeSettings.Known.TryGetValue(key[0], out var settings) && settings.Contains(key[1])
        && (key is not ["Factors", var factor, var name, ..] || Classes[$"Factors:{factor}"].GetProperty(name) is not null);

    private static IEnumerable<string> Leaves(JsonElement element, string path) => element.ValueKind == JsonValueKind.Object
        ? element.EnumerateObject().SelectMany(member => Leaves(member.Value, path.Length == 0 ? member.Name : $"{path}:{member.Name}"))
        : [path];

    private static string Words(object? value) => value switch
    {
        null => "none",
        bool flag => flag ? "true" : "false",
        System.Collections.ICollection { Count: 0 } => "none",
        int or long or double => Convert.ToInt64(value, CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture),
        _ => value.ToString()!,
    };
}
