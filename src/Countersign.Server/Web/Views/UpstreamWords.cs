using Countersign.Server.People;

namespace Countersign.Server.Web.Views;

/// <summary>What the form for a Git host says beside a field. Refusals name things as programs and commands do; where a form has other words, they are here.</summary>
internal static class UpstreamWords
{
    public static string Beside(Refusal refusal) => refusal.Code != "bad_upstream" ? refusal.Message : refusal.Field switch
    {
        "name" => "1 to 64 of the characters a-z, 0-9, dot, underscore and hyphen, with a letter or digit first; not \"local\" and not \"none\".",
        "kind" or "credentials" or "lfs" => "Choose one of these.",
        "base" => "An http or https address such as https://git.example.org: a host, perhaps a port and a path; no user, nothing behind a question mark.",
        "path" => "A prefix such as /scm, in letters, digits, hyphen, dot, underscore and tilde.",
        "mount" => "A prefix such as /git, a single / for the top, or the word none; in letters, digits, hyphen, dot, underscore and tilde.",
        "proxy" => "An address such as http://proxy.example.org:3128, without a user.",
        "user" => "A user name without colons.",
        "secret" => "The password or token of the service account, on one line, in printable ASCII.",
        "insecureHttp" => "They would travel unencrypted: give an https address above, or tick this if the way there is protected otherwise.",
        "identity" => "One of: name, header:NAME, get:/path, get:/path#member. Bitbucket Cloud names nobody by itself.",
        "people" => "On each line a user name there, an equals sign, and one person's name here; each user name once.",
        _ => refusal.Message,
    };
}
