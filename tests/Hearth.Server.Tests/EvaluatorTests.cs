using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Hearth.ControlPlane;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Hearth.Server.Tests;

/// <summary>Evaluators and evaluation jobs: code is bounded and checked, never run; results of runs elsewhere are summed up.</summary>
public sealed class EvaluatorTests : TransferCase
{
    private const string EntryPoint = "tests/test_score.py::test_score";

    [Fact]
    public async Task Code_uploaded_as_the_client_does_is_kept_and_told_not_to_run()
    {
        await CreateAsync("uploaded");
        Assert.Equal("BUILDING", await StateOfAsync("evaluators/uploaded"));
        await PutFileAsync("evaluators/uploaded", "proj.tar.gz", Project());
        Assert.Equal("BUILDING", await StateOfAsync("evaluators/uploaded"));
        Assert.Equal(200, (await ValidateAsync("uploaded")).Status);
        var (_, evaluator) = await Server.GetAsync($"{Account}/evaluators/uploaded");
        Assert.Equal(("BUILD_FAILED", "UNIMPLEMENTED"), (evaluator.GetProperty("state").GetString(), evaluator.GetProperty("status").GetProperty("code").GetString()));
        Assert.Contains("no sandbox", evaluator.GetProperty("status").GetProperty("message").GetString());
        Assert.Contains("tests/test_score.py::test_score, found", await DownloadAsync((await Server.GetAsync($"{Account}/evaluators/uploaded:getBuildLogEndpoint")).Body.GetProperty("buildLogSignedUri")));
        var sources = (await Server.GetAsync($"{Account}/evaluators/uploaded:getSourceCodeSignedUrl")).Body.GetProperty("filenameToSignedUrls");
        Assert.Equal(Project(), await Nobody.GetByteArrayAsync(sources.GetProperty("proj.tar.gz").GetString()));
        Assert.Equal(200, (await ValidateAsync("uploaded")).Status);
        Assert.Equal(409, (await Server.PostAsync($"{Account}/evaluatorsV2", """{"evaluatorId":"uploaded","evaluator":{}}""")).Status);
    }

    [Theory]
    [InlineData("no entry file", "has no file tests/test_score.py")]
    [InlineData("not an archive", "is not a whole .tar.gz archive")]
    [InlineData("cut", "is not a whole .tar.gz archive")]
    [InlineData("parent", "leads out of its folder")]
    [InlineData("absolute", "leads out of its folder")]
    [InlineData("link", "is a SymbolicLink")]
    [InlineData("device", "is a CharacterDevice")]
    [InlineData("many", "more than 10,000 entries")]
    [InlineData("bomb", "expands to more than 100 times its size")]
    [InlineData("dockerfile", "Dockerfile line 2: HEALTHCHECK is not allowed")]
    [InlineData("stages", "has 2 stages")]
    [InlineData("fifo", "is a Fifo")]
    [InlineData("hard link", "is a HardLink")]
    [InlineData("long parent", "leads out of its folder")]
    [InlineData("huge header", "is not a whole .tar.gz archive")]
    public async Task An_archive_that_may_not_be_unpacked_is_refused_and_not_kept(string what, string reason)
    {
        await CreateAsync("bad");
        await PutFileAsync("evaluators/bad", "proj.tar.gz", Archive(what));
        var (status, body) = await ValidateAsync("bad");
        Assert.Equal(400, status);
        Assert.Contains(reason, body.GetProperty("message").GetString());
        var (_, evaluator) = await Server.GetAsync($"{Account}/evaluators/bad");
        Assert.Equal(("BUILD_FAILED", "INVALID_ARGUMENT"), (evaluator.GetProperty("state").GetString(), evaluator.GetProperty("status").GetProperty("code").GetString()));
        Assert.Contains(reason, evaluator.GetProperty("status").GetProperty("message").GetString());
        await Server.DeliveredAsync();
        Assert.Single(Blobs()); // the log
        await PutFileAsync("evaluators/bad", "proj.tar.gz", Project());
        Assert.Equal(200, (await ValidateAsync("bad")).Status);
    }

    [Theory]
    [InlineData("--format=gnu")]
    [InlineData("--format=pax")]
    [InlineData("--format=ustar")]
    public async Task Archives_of_the_tar_program_are_read_with_long_names_too(string format)
    {
        var folder = Directory.CreateTempSubdirectory("hearth-tar-").FullName;
        var deep = format == "--format=ustar" ? "deep" : string.Join('/', Enumerable.Repeat("a-rather-long-folder-name", 12));
        Directory.CreateDirectory(Path.Combine(folder, "proj", deep));
        File.WriteAllText(Path.Combine(folder, "proj", deep, "test_é.py"), "x");
        using (var tar = System.Diagnostics.Process.Start("tar", ["-C", folder, format, "-czf", Path.Combine(folder, "p.tar.gz"), "proj"])) await tar.WaitForExitAsync();
        await Server.PostAsync($"{Account}/evaluatorsV2", $$$"""{"evaluatorId":"packed","evaluator":{"entryPoint":"{{{deep}}}/test_é.py::test_x"}}""");
        await PutFileAsync("evaluators/packed", "p.tar.gz", await File.ReadAllBytesAsync(Path.Combine(folder, "p.tar.gz")));
        var (status, body) = await ValidateAsync("packed");
        Assert.True(status == 200, body.ToString());
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Upload_needs_one_archive_and_validation_needs_it_to_be_there()
    {
        await CreateAsync("early");
        Assert.Contains("no files yet", (await ValidateAsync("early")).Body.GetProperty("message").GetString());
        foreach (var sizes in new[] { """{"a.zip":"3"}""", """{"a.tar.gz":"3","b.tar.gz":"3"}""" })
            Assert.Contains("one .tar.gz archive", (await Server.PostAsync($"{Account}/evaluators/early:getUploadEndpoint", $$"""{"filenameToSize":{{sizes}}}""")).Body.GetProperty("message").GetString());
        Assert.Equal(400, (await Server.GetAsync($"{Account}/evaluators/early:getBuildLogEndpoint")).Status);
        Assert.Equal(400, (await Server.GetAsync($"{Account}/evaluators/early:getSourceCodeSignedUrl")).Status);
    }

    [Theory]
    [InlineData("""{"entryPoint":"/etc/test_x.py::test_x"}""", "entryPoint '/etc/test_x.py::test_x' is not of the form")]
    [InlineData("""{"entryPoint":"../test_x.py::test_x"}""", "is not of the form")]
    [InlineData("""{"entryPoint":"test_x.py"}""", "is not of the form")]
    [InlineData("""{"defaultDataset":"absent"}""", "accounts/local/datasets/absent not found")]
    [InlineData("""{"source":{"type":"TYPE_GITHUB","githubRepositoryName":"a/b"}}""", "Fetching an evaluator from GitHub")]
    [InlineData("""{"criteria":[{"name":"c","codeSnippets":{"language":"ruby","entryFile":"a.rb","fileContents":{"a.rb":""}}}]}""", "has language 'ruby'")]
    [InlineData("""{"criteria":[{"name":"c","codeSnippets":{"language":"python","entryFile":"main.py","fileContents":{"a.py":""}}}]}""", "begins at entryFile 'main.py', which is not in fileContents")]
    [InlineData("""{"criteria":[{"name":"c","codeSnippets":{"language":"python","entryFile":"../a.py","fileContents":{"../a.py":""}}}]}""", "leads out of its folder")]
    [InlineData("""{"criteria":[{"name":"c"}]}""", "has no files")]
    public async Task An_evaluator_that_cannot_be_right_is_refused(string evaluator, string message)
    {
        var (status, body) = await Server.PostAsync($"{Account}/evaluatorsV2", $$"""{"evaluatorId":"wrong","evaluator":{{evaluator}}}""");
        Assert.True(status is 400 or 404 or 501, body.ToString());
        Assert.Contains(message, body.GetProperty("message").GetString());
        Assert.Equal(404, (await Server.GetAsync($"{Account}/evaluators/wrong")).Status);
    }

    [Fact]
    public async Task Code_as_text_is_kept_and_can_be_fetched_and_replaced()
    {
        await Server.AddEvaluatorAsync("text");
        Assert.Equal("BUILD_FAILED", await StateOfAsync("evaluators/text"));
        var sources = (await Server.GetAsync($"{Account}/evaluators/text:getSourceCodeSignedUrl")).Body.GetProperty("filenameToSignedUrls");
        Assert.StartsWith("def evaluate", await DownloadAsync(sources.GetProperty("main.py")));
        var (status, body) = await Server.SendAsync(HttpMethod.Patch, $"{Account}/evaluators/text", """{"criteria":[{"name":"c","codeSnippets":{"language":"python","entryFile":"b.py","fileContents":{"b.py":"x"}}}]}""");
        Assert.True(status == 200, body.ToString());
        sources = (await Server.GetAsync($"{Account}/evaluators/text:getSourceCodeSignedUrl")).Body.GetProperty("filenameToSignedUrls");
        Assert.Equal("x", await DownloadAsync(sources.GetProperty("b.py")));
        await Server.DeliveredAsync();
        Assert.Equal(2, Blobs().Length); // the file and the log; what they replaced is gone
        Assert.Equal(200, (await Server.SendAsync(HttpMethod.Delete, $"{Account}/evaluators/text")).Status);
        await Server.DeliveredAsync();
        Assert.Empty(Blobs());
    }

    [Fact]
    public async Task Another_entry_point_is_looked_for_in_the_archive_that_is_there()
    {
        await CreateAsync("moved");
        await PutFileAsync("evaluators/moved", "proj.tar.gz", Project());
        await ValidateAsync("moved");
        await Server.SendAsync(HttpMethod.Patch, $"{Account}/evaluators/moved", """{"entryPoint":"other.py::test_x"}""");
        var (_, moved) = await Server.GetAsync($"{Account}/evaluators/moved");
        Assert.Contains("has no file other.py", moved.GetProperty("status").GetProperty("message").GetString());
        await Server.SendAsync(HttpMethod.Patch, $"{Account}/evaluators/moved", $$"""{"entryPoint":"{{EntryPoint}}","displayName":"Moved"}""");
        (_, moved) = await Server.GetAsync($"{Account}/evaluators/moved");
        Assert.Equal(("UNIMPLEMENTED", "Moved"), (moved.GetProperty("status").GetProperty("code").GetString(), moved.GetProperty("displayName").GetString()));
        await Server.SendAsync(HttpMethod.Patch, $"{Account}/evaluators/moved?prepareCodeUpload=true", """{"description":"soon"}""");
        Assert.Equal("BUILDING", await StateOfAsync("evaluators/moved"));
    }

    [Fact]
    public async Task A_reinforcement_job_needs_an_evaluator_with_code()
    {
        await Server.AddDatasetAsync("prompts", TestServer.PromptRow);
        await CreateAsync("empty");
        const string job = """{"dataset":"prompts","evaluator":"empty","trainingConfig":{"baseModel":"tiny"}}""";
        var (status, body) = await Server.PostAsync($"{Account}/reinforcementFineTuningJobs", job);
        Assert.Equal((400, 9), (status, body.GetProperty("code").GetInt32()));
        Assert.Contains("is BUILDING and has no code", body.GetProperty("message").GetString());
        await PutFileAsync("evaluators/empty", "proj.tar.gz", Project());
        await ValidateAsync("empty");
        Assert.Equal(200, (await Server.PostAsync($"{Account}/reinforcementFineTuningJobs", job)).Status);
    }

    [Fact]
    public async Task Results_of_a_run_elsewhere_become_a_completed_job_with_their_means()
    {
        await Server.Client.CreateDatasetAsync("results");
        string[] rows =
        [
            """{"messages":[{"role":"user","content":"x"}],"evaluation_result":{"score":1.0,"metrics":{"style":{"score":0.5}}}}""",
            """{"messages":[{"role":"user","content":"x"}],"evaluation_result":{"score":0.5,"metrics":{"style":{"score":0.0,"is_score_valid":false}}}}""",
            """{"messages":[{"role":"user","content":"x"}],"evaluation_result":{"score":0.9,"is_score_valid":false}}""",
        ];
        await Server.UploadAsync("results", string.Join('\n', rows));
        var (status, job) = await Server.PostAsync($"{Account}/evaluationJobs", """
            {"evaluationJobId":"results-job","evaluationJob":{"evaluator":"accounts/local/evaluators/dummy","inputDataset":"accounts/local/datasets/dummy","outputDataset":"accounts/local/datasets/results"} }
            """);
        Assert.True(status == 200, job.ToString());
        await Server.Server.Services.GetRequiredService<EvaluationJobs>().HandleAsync(new(Clock.GetUtcNow(), "accounts/local/evaluationJobs/results-job", EvaluationJobs.DueKind), default);
        (_, job) = await Server.GetAsync($"{Account}/evaluationJobs/results-job");
        Assert.Equal("JOB_STATE_COMPLETED", job.GetProperty("state").GetString());
        Assert.Equal("""{"score":0.75,"style":0.5,"rows":3,"rows_scored":2}""", job.GetProperty("metrics").GetRawText());
        var log = (await Server.GetAsync($"{Account}/evaluationJobs/results-job:getExecutionLogEndpoint")).Body;
        Assert.Contains("3 rows, 2 with a valid score", await DownloadAsync(log.GetProperty("executionLogSignedUri")));
        await Server.Client.DeleteDatasetAsync("results");
    }

    [Fact]
    public async Task An_evaluation_that_needs_an_evaluator_to_run_is_checked_kept_and_failed()
    {
        await Server.AddDatasetAsync("prompts", TestServer.PromptRow);
        await Server.AddEvaluatorAsync("judge");
        foreach (var (job, message) in new[]
        {
            ("""{"evaluator":"judge"}""", "inputDataset: is required"), ("""{"evaluator":"absent","inputDataset":"prompts","outputDataset":"out"}""", "Evaluator not found"),
            ("""{"evaluator":"judge","inputDataset":"absent","outputDataset":"out"}""", "datasets/absent not found"),
            ("""{"evaluator":"judge","inputDataset":"prompts","outputDataset":"prompts"}""", "already exists"),
            ("""{"evaluator":"accounts/other/evaluators/judge","inputDataset":"prompts","outputDataset":"out"}""", "accounts/other/evaluators/judge not found"),
        })
        {
            Assert.Contains(message, (await Server.PostAsync($"{Account}/evaluationJobs", $$"""{"evaluationJob":{{job}}}""")).Body.GetProperty("message").GetString());
        }
        var (_, made) = await Server.PostAsync($"{Account}/evaluationJobs", """{"evaluationJobId":"real","evaluationJob":{"evaluator":"judge","inputDataset":"prompts","outputDataset":"2026-01-01-10-00"} }""");
        Assert.Equal(("JOB_STATE_FAILED", "UNIMPLEMENTED"), (made.GetProperty("state").GetString(), made.GetProperty("status").GetProperty("code").GetString()));
        Assert.Equal(400, (await Server.GetAsync($"{Account}/evaluationJobs/real:getExecutionLogEndpoint")).Status);
    }

    private async Task CreateAsync(string id)
    {
        var (status, body) = await Server.PostAsync($"{Account}/evaluatorsV2", $$$"""{"evaluatorId":"{{{id}}}","evaluator":{"displayName":"Score","description":"Evaluator for t.f","entryPoint":"{{{EntryPoint}}}"}}""");
        Assert.True(status == 200, body.ToString());
    }

    private Task<(int Status, JsonElement Body)> ValidateAsync(string id) => Server.PostAsync($"{Account}/evaluators/{id}:validateUpload", "{}");

    private Task<string> DownloadAsync(JsonElement address) => Nobody.GetStringAsync(address.GetString());

    private static byte[] Project() => Pack(tar =>
    {
        Add(tar, "proj/requirements.txt", "pytest\n");
        Add(tar, "proj/tests/test_score.py", "def test_score(row): return row\n");
        Add(tar, "proj/Dockerfile", "FROM python:3.11-slim\nRUN pip install \\\n  pytest\nEXPOSE 80\n");
    });

    private static byte[] Archive(string what) => what switch
    {
        "not an archive" => "PK-not-gzip-at-all"u8.ToArray(),
        "cut" => Project()[..^40],
        "no entry file" => Pack(tar => Add(tar, "proj/test_score.py", "x")),
        "parent" => Pack(tar => Add(tar, "proj/../../etc/passwd", "x")),
        "absolute" => Pack(tar => Add(tar, "/etc/passwd", "x")),
        "link" => Pack(tar => tar.WriteEntry(new PaxTarEntry(TarEntryType.SymbolicLink, "proj/link") { LinkName = "/etc/passwd" })),
        "device" => Pack(tar => tar.WriteEntry(new PaxTarEntry(TarEntryType.CharacterDevice, "proj/device"))),
        "many" => Pack(tar =>
        {
            for (var i = 0; i <= CodeArchive.MaxEntries; i++) Add(tar, $"proj/{i}", "");
        }),
        "bomb" => Pack(tar => Add(tar, "proj/zeros", new string('0', 20 << 20))),
        "dockerfile" => Pack(tar => Add(tar, "proj/Dockerfile", "FROM python:3.11\nHEALTHCHECK CMD true\n")),
        "stages" => Pack(tar => Add(tar, "proj/Dockerfile", "FROM a AS b\nFROM c\n")),
        "fifo" => Pack(tar => tar.WriteEntry(new PaxTarEntry(TarEntryType.Fifo, "proj/pipe"))),
        "hard link" => Pack(tar => tar.WriteEntry(new UstarTarEntry(TarEntryType.HardLink, "proj/hard") { LinkName = "proj/x" })),
        "long parent" => Pack(tar => tar.WriteEntry(new GnuTarEntry(TarEntryType.RegularFile, "proj/" + string.Concat(Enumerable.Repeat("deep/", 50)) + "../x"))),
        "huge header" => HugeHeader(),
        _ => throw new ArgumentOutOfRangeException(nameof(what)),
    };

    /// <summary>An extended header that claims 1.5 GB in an archive of a few bytes.</summary>
    private static byte[] HugeHeader()
    {
        var header = new byte[512];
        "proj/x"u8.CopyTo(header);
        Encoding.ASCII.GetBytes(Convert.ToString(1_500_000_000, 8).PadLeft(11, '0')).CopyTo(header, 124);
        header[156] = (byte)'x';
        "ustar"u8.CopyTo(header.AsSpan(257));
        "        "u8.CopyTo(header.AsSpan(148));
        Encoding.ASCII.GetBytes(Convert.ToString(header.Sum(value => value), 8).PadLeft(6, '0') + "\0 ").CopyTo(header, 148);
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true)) gzip.Write(header);
        return packed.ToArray();
    }

    private static byte[] Pack(Action<TarWriter> fill)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        using (var tar = new TarWriter(gzip))
        {
            fill(tar);
        }
        return packed.ToArray();
    }

    private static void Add(TarWriter tar, string name, string text) =>
        tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(Encoding.UTF8.GetBytes(text)), ModificationTime = DateTimeOffset.UnixEpoch });
}
