namespace Countersign.Server.Tests.Policies;

/// <summary>Policies that parser and schema must judge alike, and mistakes with their places.</summary>
public static class PolicySamples
{
    public const string Everything = """
        version: 1
        mode: report
        modes:
          acme/*: report
          ACME/Core: enforce
        rules:
          - name: everyone
            operations: [write]
            repositories: [ACME/*, "*"]
            refs: [main, release/**]
            changes: [create, update, delete]
            forced: true
            roles: [read, write, admin]
            people: [Ann]
            effect: require
            require: { strength: strong, kinds: [webauthn, totp], models: [ee882879-721c-4913-9775-3dfcce97072a], number: true }
            grant: { scope: workspace, idle: 8h, max: 1d }
          - name: no tags by hand
            refs: ["refs/tags/*"]
            effect: deny

        """;

    public static TheoryData<string> Valid => new()
    {
        Everything,
        Server.Policies.PolicyFile.Default,
        "version: 1\nrules: [{ name: a }]",
        "version: 1\nssh_security_keys: {}\nrules: [{ name: a }]",
        "version: 1\nssh_security_keys: { counts: true, verify: required, touch_only: nothing, use_within: 1h }\nrules: [{ name: a }]",
        "version: 1\nssh_security_keys: { verify: optional, touch_only: basic }\nrules: [{ name: a }]",
        "version: 1\nrules: [{ name: a, require: { kinds: [ssh-security-key], models: [ee882879-721c-4913-9775-3dfcce97072a] } }]",
        "version: 1\nmode: off\nmodes: {}\nrules: [{ name: a, effect: allow, forced: false }]",
        "version: 1\nmodes: { ~ann/*: report }\nrules: [{ name: a.b-c_d e, require: {}, grant: {} }]",
        "version: 1\nrules: [{ name: a, require: { strength: basic, kinds: [email] }, repositories: ['*/*', ACME/core.git] }]",
    };

    /// <summary>Wrong in structure: the schema sees it too.</summary>
    public static TheoryData<string> Invalid => new()
    {
        "[]",
        "text",
        "rules: [{ name: a }]",
        "version: 2\nrules: [{ name: a }]",
        "version: '1'\nrules: [{ name: a }]",
        "version: 1",
        "version: 1\nrules: []",
        "version: 1\nrules: {}",
        "version: 1\nrules: [a]",
        "version: 1\nrules: [{}]",
        "version: 1\nrules: [{ name: '' }]",
        "version: 1\nrules: [{ name: 'a/b' }]",
        "version: 1\nrules: [{ name: 'a ' }]",
        "version: 1\nmode: on\nrules: [{ name: a }]",
        "version: 1\nssh_security_keys: true\nrules: [{ name: a }]",
        "version: 1\nssh_security_keys: { count: true }\nrules: [{ name: a }]",
        "version: 1\nssh_security_keys: { counts: yes }\nrules: [{ name: a }]",
        "version: 1\nssh_security_keys: { verify: true }\nrules: [{ name: a }]",
        "version: 1\nssh_security_keys: { touch_only: strong }\nrules: [{ name: a }]",
        "version: 1\nssh_security_keys: { use_within: soon }\nrules: [{ name: a }]",
        "version: 1\nextra: 1\nrules: [{ name: a }]",
        "version: 1\nmodes: { ACME: off }\nrules: [{ name: a }]",
        "version: 1\nmodes: { '*': off }\nrules: [{ name: a }]",
        "version: 1\nmodes: { ACME/*: none }\nrules: [{ name: a }]",
        "version: 1\nrules: [{ name: a, when: now }]",
        "version: 1\nrules: [{ name: a, operations: read }]",
        "version: 1\nrules: [{ name: a, operations: [] }]",
        "version: 1\nrules: [{ name: a, operations: [read, read] }]",
        "version: 1\nrules: [{ name: a, operations: [push] }]",
        "version: 1\nrules: [{ name: a, repositories: [core] }]",
        "version: 1\nrules: [{ name: a, repositories: ['*/core'] }]",
        "version: 1\nrules: [{ name: a, refs: [tags/v1] }]",
        "version: 1\nrules: [{ name: a, refs: ['ma?n'] }]",
        "version: 1\nrules: [{ name: a, changes: [force] }]",
        "version: 1\nrules: [{ name: a, forced: yes }]",
        "version: 1\nrules: [{ name: a, forced: 'true' }]",
        "version: 1\nrules: [{ name: a, roles: [owner] }]",
        "version: 1\nrules: [{ name: a, people: ['ann smith'] }]",
        "version: 1\nrules: [{ name: a, people: [[ann]] }]",
        "version: 1\nrules: [{ name: a, effect: permit }]",
        "version: 1\nrules: [{ name: a, effect: deny, require: {} }]",
        "version: 1\nrules: [{ name: a, effect: allow, grant: {} }]",
        "version: 1\nrules: [{ name: a, require: strong }]",
        "version: 1\nrules: [{ name: a, require: { strength: weak } }]",
        "version: 1\nrules: [{ name: a, require: { kinds: [sms] } }]",
        "version: 1\nrules: [{ name: a, require: { models: [yubikey] } }]",
        "version: 1\nrules: [{ name: a, require: { number: 42 } }]",
        "version: 1\nrules: [{ name: a, grant: { scope: everything } }]",
        "version: 1\nrules: [{ name: a, grant: { idle: 60 } }]",
        "version: 1\nrules: [{ name: a, grant: { idle: 0s } }]",
        "version: 1\nrules: [{ name: a, grant: { idle: 1w } }]",
    };

    /// <summary>The text, line and column of an error, and words of its message.</summary>
    public static TheoryData<string, int, int, string> Broken => new()
    {
        { "", 1, 1, "empty" },
        { "# only a comment\n", 2, 1, "empty" },
        { "version: 1\nruls:\n  - name: a\n", 2, 1, "did you mean 'rules'?" },
        { "version: 1\nversion: 1\nrules: [{ name: a }]\n", 2, 1, "written twice" },
        { "version: 1\nrules:\n\t- name: a\n", 3, 1, "tab" },
        { "version: 1\nrules: [{ name: a }]\n---\nversion: 1\n", 3, 1, "second document" },
        { "version: 1\nrules: &r [{ name: a }]\n", 2, 8, "anchors" },
        { "version: 1\nrules: !x [{ name: a }]\n", 2, 8, "tags" },
        { "version: 1\nrules:\n  - name: a\n    repositories: [*]\n", 4, 20, "" },
        { "version: 1\nrules:\n  - name: a\n    refs: [*all]\n", 4, 12, "in quotes" },
        { "version: 1\nrules:\n  - name:\n", 3, 10, "found nothing" },
        { "version: 1\nrules:\n  - [a]: b\n", 3, 5, "a key must be a word" },
        { "version: 1\nrules:\n  - name: a\n    effect: requires\n", 4, 13, "did you mean 'require'?" },
        { "version: 1\nrules:\n  - name: a\n    roles: [owner]\n", 4, 13, "known are read, write, admin" },
        { "version: 1\nrules:\n  - name: a\n  - name: A\n", 4, 11, "named 'A' already" },
        { "version: 1\nmodes: { ACME/*: off, acme/*: report }\nrules: [{ name: a }]\n", 2, 23, "'ACME/*' is written twice" },
        { "version: 1\nrules: [{ name: a, repositories: [ACME/core, acme/core.git] }]\n", 2, 46, "listed twice" },
        { "version: 1\nrules:\n  - name: a\n    operations: [read, write]\n    refs: [main]\n", 4, 17, "about pushes" },
        { "version: 1\nrules:\n  - name: a\n    forced: true\n    changes: [create]\n", 4, 13, "never match" },
        { "version: 1\nrules:\n  - name: a\n    forced: false\n    changes: [delete]\n", 4, 13, "never match" },
        { "version: 1\nrules:\n  - name: a\n    require: { kinds: [email] }\n", 4, 23, "none of these kinds can be worth 'strong'" },
        { "version: 1\nrules:\n  - name: a\n    require: { kinds: [totp], models: [ee882879-721c-4913-9775-3dfcce97072a] }\n", 4, 23, "only webauthn" },
        { "version: 1\nrules:\n  - name: a\n    require: { models: [00000000-0000-0000-0000-000000000000] }\n", 4, 25, "no AAGUID" },
        { "version: 1\nrules:\n  - name: a\n    grant: { idle: 20m }\n", 4, 20, "longer than max, which is 10m" },
        { "version: 1\nrules:\n  - name: a\n    grant: { idle: 5s, max: 8d }\n", 4, 20, "between 10s and 7d" },
        { "version: 1\nrules:\n  - name: a\n    grant: { idle: 9999999d }\n", 4, 20, "between 10s and 7d" },
        { "version: 1\nrules:\n  - name: a\n    refs: [a..b]\n", 4, 12, "no ref can have such a name" },
        { "version: 1\nrules: [{ name: a, x: [[[[[[[[[[1]]]]]]]]]] }]\n", 2, 29, "nested too deeply" },
    };
}
