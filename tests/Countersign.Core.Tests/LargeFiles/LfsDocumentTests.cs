using System.Text;
using Countersign.Core.LargeFiles;
using FsCheck;
using FsCheck.Fluent;

namespace Countersign.Core.Tests.LargeFiles;

public sealed class LfsDocumentTests
{
    private const string A = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    private const string B = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

    [Fact]
    public void A_batch_is_read_and_written_anew_without_what_nobody_knows()
    {
        var batch = Parse("""{"operation":"upload","transfers":["lfs-standalone-file","basic"],"ref":{"name":"refs/heads/main"},"objects":[{"oid":"OID","size":12,"x":1},{"oid":"OID","size":12}],"hash_algo":"sha256","y":{}}""".Replace("OID", A, StringComparison.Ordinal));
        Assert.NotNull(batch);
        Assert.Equal(
            $$"""{"operation":"upload","transfers":["basic"],"ref":{"name":"refs/heads/main"},"objects":[{"oid":"{{A}}","size":12}],"hash_algo":"sha256"}""",
            Encoding.UTF8.GetString(batch.Write()));
        Assert.Equal((LfsVerb.Upload, 1, 12), (batch.Work().Verb, batch.Work().Files, batch.Work().Bytes));
    }

    [Theory]
    [InlineData("""{"operation":"download","objects":[]}""")]
    [InlineData("""{"operation":"download"}""")]
    [InlineData("""{"operation":"download","objects":{}}""")]
    [InlineData("""{"operation":"Download","objects":[{"oid":"OID","size":1}]}""")]
    [InlineData("""{"operation":"verify","objects":[{"oid":"OID","size":1}]}""")]
    [InlineData("""{"operation":null,"objects":[{"oid":"OID","size":1}]}""")]
    [InlineData("""{"objects":[{"oid":"OID","size":1}]}""")]
    [InlineData("""{"operation":"download","operation":"upload","objects":[{"oid":"OID","size":1}]}""")]
    [InlineData("""{"operation":"download","oper\u0061tion":"upload","objects":[{"oid":"OID","size":1}]}""")]
    [InlineData("""{"operation":"download","objects":[{"oid":"OID","oid":"OTHER","size":1}]}""")]
    [InlineData("""{"operation":"download","objects":[{"oid":"OID","size":-1}]}""")]
    [InlineData("""{"operation":"download","objects":[{"oid":"OID","size":1.5}]}""")]
    [InlineData("""{"operation":"download","objects":[{"oid":"OID","size":1e30}]}""")]
    [InlineData("""{"operation":"download","objects":[{"oid":"OID","size":"1"}]}""")]
    [InlineData("""{"operation":"download","objects":[{"oid":"OID"}]}""")]
    [InlineData("""{"operation":"download","objects":[{"oid":"OID","size":1},{"oid":"OID","size":2}]}""")]
    [InlineData("""{"operation":"download","objects":[{"oid":"../../../etc/passwd","size":1}]}""")]
    [InlineData("""{"operation":"download","objects":[{"oid":"abc","size":1}]}""")]
    [InlineData("""{"operation":"download","objects":["OID"]}""")]
    [InlineData("""{"operation":"download","transfers":["tus"],"objects":[{"oid":"OID","size":1}]}""")]
    [InlineData("""{"operation":"download","hash_algo":"sha1","objects":[{"oid":"OID","size":1}]}""")]
    [InlineData("""{"operation":"download","ref":"x","objects":[{"oid":"OID","size":1}]}""")]
    [InlineData("""{"operation":"download","ref":{"name":"a\u0000b"},"objects":[{"oid":"OID","size":1}]}""")]
    [InlineData("""{"operation":"download","ref":{"name":"\ud800"},"objects":[{"oid":"OID","size":1}]}""")]
    [InlineData("""{"operation":"download","objects":[{"oid":"OID","size":1}]} {}""")]
    [InlineData("""{"operation":"download","objects":[{"oid":"OID","size":1},]}""")]
    [InlineData("""[{"operation":"download"}]""")]
    [InlineData("")]
    [InlineData("null")]
    public void Attack_a_batch_that_readers_could_take_differently_is_refused(string json) =>
        Assert.Null(Parse(json.Replace("OID", A, StringComparison.Ordinal).Replace("OTHER", B, StringComparison.Ordinal)));

    [Fact]
    public void Attack_documents_without_end_or_bottom_are_refused()
    {
        var many = string.Join(',', Enumerable.Range(0, LfsBatch.MaxObjects + 1).Select(number => $$"""{"oid":"{{number:x64}}","size":1}"""));
        Assert.Null(Parse($$"""{"operation":"upload","objects":[{{many}}]}"""));
        Assert.Null(Parse($$"""{"operation":"upload","x":{{new string('[', 100_000)}}{{new string(']', 100_000)}},"objects":[{"oid":"{{A}}","size":1}]}"""));
        Assert.Null(Parse($$"""{"operation":"upload","x":"{{new string('x', LfsBatch.MaxBytes)}}","objects":[{"oid":"{{A}}","size":1}]}"""));
        Assert.Null(Parse("\ufeff" + """{"operation":"upload","objects":[]}"""));
    }

    [Fact]
    public void Sizes_that_add_up_to_more_than_there_is_are_shown_as_the_most_that_can_be_said() =>
        Assert.Equal(long.MaxValue, Parse($$"""{"operation":"upload","objects":[{"oid":"{{A}}","size":9223372036854775807},{"oid":"{{B}}","size":2}]}""")!.Work().Bytes);

    [Fact]
    public void The_order_of_objects_does_not_matter_to_what_is_approved_but_each_name_and_size_does()
    {
        var one = Objects((A, 1), (B, 2));
        Assert.Equal(one, Objects((B, 2), (A, 1)));
        Assert.NotEqual(one.Subject, Objects((A, 2), (B, 1)).Subject);
        Assert.NotEqual(one.Subject, Objects((A, 1)).Subject);
    }

    [Theory]
    [InlineData(LfsEndpoint.CreateLock, """{"path":"a/b.bin","ref":{"name":"refs/heads/main"},"z":1}""", """{"path":"a/b.bin","ref":{"name":"refs/heads/main"}}""")]
    [InlineData(LfsEndpoint.VerifyLocks, """{"limit":0,"ref":null}""", "{}")]
    [InlineData(LfsEndpoint.VerifyLocks, """{"cursor":"5","limit":7}""", """{"cursor":"5","limit":7}""")]
    [InlineData(LfsEndpoint.Unlock, """{"force":true}""", """{"force":true}""")]
    [InlineData(LfsEndpoint.Unlock, "{}", """{"force":false}""")]
    public void A_call_about_locks_is_read_and_written_anew(LfsEndpoint endpoint, string json, string rebuilt) =>
        Assert.Equal(rebuilt, Encoding.UTF8.GetString(Lock(endpoint, json)!.Write()!));

    [Theory]
    [InlineData(LfsEndpoint.CreateLock, "{}")]
    [InlineData(LfsEndpoint.CreateLock, """{"path":""}""")]
    [InlineData(LfsEndpoint.CreateLock, """{"path":"/etc/passwd"}""")]
    [InlineData(LfsEndpoint.CreateLock, """{"path":"a/../b"}""")]
    [InlineData(LfsEndpoint.CreateLock, """{"path":"a//b"}""")]
    [InlineData(LfsEndpoint.CreateLock, """{"path":"a\\b"}""")]
    [InlineData(LfsEndpoint.CreateLock, """{"path":"a\u001b[2Jb"}""")]
    [InlineData(LfsEndpoint.CreateLock, """{"path":"a","path":"b"}""")]
    [InlineData(LfsEndpoint.VerifyLocks, """{"limit":-1}""")]
    [InlineData(LfsEndpoint.VerifyLocks, """{"limit":"1"}""")]
    [InlineData(LfsEndpoint.VerifyLocks, """{"cursor":5}""")]
    [InlineData(LfsEndpoint.Unlock, """{"force":"true"}""")]
    [InlineData(LfsEndpoint.Unlock, "[]")]
    public void Attack_a_call_about_locks_that_readers_could_take_differently_is_refused(LfsEndpoint endpoint, string json) => Assert.Null(Lock(endpoint, json));

    [Fact]
    public void Any_text_gets_an_answer() => Prop.ForAll<string>(text =>
    {
        var bytes = Encoding.UTF8.GetBytes(text ?? "");
        Assert.False(LfsBatch.TryParse(bytes, out _, out var error));
        Assert.NotEqual("", error);
        Assert.Null(LfsLockCall.Parse(new(LfsEndpoint.CreateLock), bytes));
        Assert.True(!LfsLockQuery.TryParse(text, out var query) || LfsLockQuery.TryParse(query.ToString().TrimStart('?'), out _));
    }).QuickCheckThrowOnFailure();

    private static LfsBatch? Parse(string json) => LfsBatch.TryParse(Encoding.UTF8.GetBytes(json), out var batch, out _) ? batch : null;

    private static LfsWork Objects(params (string Oid, int Size)[] objects) =>
        Parse($$"""{"operation":"upload","objects":[{{string.Join(',', objects.Select(each => $$"""{"oid":"{{each.Oid}}","size":{{each.Size}}}"""))}}]}""")!.Work();

    private static LfsLockCall? Lock(LfsEndpoint endpoint, string json) => LfsLockCall.Parse(new(endpoint) { LockId = "17" }, Encoding.UTF8.GetBytes(json));
}
