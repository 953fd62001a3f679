using System.Text.Json;
using System.Text.Json.Nodes;
using Hearth.ControlPlane;
using Hearth.Models;
using Hearth.TestKit;
using Hearth.Workers;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Hearth.Server.Tests;

/// <summary>Models of an account's own: uploaded file by file, read as a replica would, refused with every missing or unfit file named.</summary>
public sealed class ModelUploadTests : TransferCase
{
    private static readonly string Tiny = Path.Combine(FixtureFolder.RepositoryRoot, "models", "hearth-tiny");

    protected override void Configure(IServiceCollection services) => services.AddSingleton<IModelProbe, ModelProbe>().AddSingleton<IModelChecks, ModelChecks>();

    [Fact]
    public async Task An_uploaded_base_model_is_like_any_other()
    {
        await CreateAsync("mine", "\"kind\":\"HF_BASE_MODEL\",\"displayName\":\"Mine\"");
        foreach (var file in Files(Tiny)) await PutFileAsync("models/mine", file.Key, file.Value);
        Assert.Equal((200, 0), await ValidateAsync("mine"));
        var (_, model) = await Server.GetAsync($"{Account}/models/mine");
        Assert.Equal(("READY", "HF_BASE_MODEL", 1024), (Text(model, "state"), Text(model, "kind"), model.GetProperty("contextLength").GetInt32()));
        Assert.True(model.GetProperty("tunable").GetBoolean() && model.GetProperty("supportsLora").GetBoolean());
        Assert.Equal(("llama", "BF16"), (Text(model.GetProperty("baseModelDetails"), "modelType"), Text(model.GetProperty("baseModelDetails"), "defaultPrecision")));
        Assert.Equal("jinja", Text(model.GetProperty("conversationConfig"), "style"));
        Assert.DoesNotContain(Server.Directory, model.ToString());
        await Server.DeliveredAsync();
        Assert.Empty(Blobs()); // the folder has the bytes

        await Server.Client.CreateDeploymentAsync(new() { BaseModel = "mine" }, "serve");
        var replica = (await Server.AssignmentOfAsync("accounts/local/deployments/serve")).Replica!;
        using (var served = ModelFiles.Open(replica.ModelPath)) Assert.Equal(5, served.Configuration.Layers);
        await Server.AddDatasetAsync("rows");
        await Server.Client.CreateSupervisedJobAsync(new() { Dataset = "rows", BaseModel = "mine", OutputModel = "tuned" }, "tune");
        Assert.Equal(replica.ModelPath, (await Server.AssignmentOfAsync("accounts/local/supervisedFineTuningJobs/tune")).Trainer!.BaseModelPath);
        var (inUse, refusal) = await Server.SendAsync(HttpMethod.Delete, $"{Account}/models/mine");
        Assert.Equal((400, 9), (inUse, refusal.GetProperty("code").GetInt32()));
    }

    [Fact]
    public async Task A_deleted_model_takes_its_files_with_it_unless_another_has_the_same()
    {
        foreach (var id in new[] { "one", "two" }) await UploadAsync(id, Files(Tiny));
        string[] Folders() => Directory.GetDirectories(Path.Combine(Server.Directory, "models"));
        Assert.Single(Folders());
        await Server.Client.DeleteModelAsync("one");
        await Server.DeliveredAsync();
        Assert.Single(Folders());
        await Server.Client.DeleteModelAsync("two");
        await Server.DeliveredAsync();
        Assert.Empty(Folders());
    }

    [Fact]
    public async Task A_model_without_a_chat_template_is_fit_with_a_warning()
    {
        var files = Files(Tiny);
        files.Remove("tokenizer_config.json");
        await CreateAsync("plain");
        foreach (var file in files) await PutFileAsync("models/plain", file.Key, file.Value);
        var (status, body) = await Server.GetAsync($"{Account}/models/plain:validateUpload?trustRemoteCode=true");
        Assert.Equal(200, status);
        var warnings = body.GetProperty("warnings").EnumerateArray().Select(warning => warning.GetString()!).ToList();
        Assert.Contains(warnings, warning => warning.Contains("no chat template"));
        Assert.Contains(warnings, warning => warning.StartsWith("trustRemoteCode has no effect"));
        Assert.Equal(warnings.Count, (await ValidateAsync("plain")).Warnings); // asked again of a READY model
    }

    [Theory]
    [InlineData("config.json", "config.json: It is missing.")]
    [InlineData("model.safetensors", "model.safetensors: It is missing.")]
    [InlineData("tokenizer.json", "tokenizer.json: It is missing")]
    public async Task A_missing_file_is_named_and_can_be_added(string missing, string message)
    {
        var files = Files(Tiny);
        await CreateAsync("gap");
        foreach (var file in files.Where(file => file.Key != missing)) await PutFileAsync("models/gap", file.Key, file.Value);
        var (status, body) = await Server.GetAsync($"{Account}/models/gap:validateUpload");
        Assert.Equal((400, 3), (status, body.GetProperty("code").GetInt32()));
        Assert.Contains(message, body.GetProperty("message").GetString());
        Assert.Equal(missing, body.GetProperty("details")[0].GetProperty("fieldViolations")[0].GetProperty("field").GetString());
        var (_, model) = await Server.GetAsync($"{Account}/models/gap");
        Assert.Equal(("UPLOADING", "INVALID_ARGUMENT"), (Text(model, "state"), Text(model.GetProperty("status"), "code")));
        await PutFileAsync("models/gap", missing, files[missing]);
        Assert.Equal(200, (await ValidateAsync("gap")).Status);
        (_, model) = await Server.GetAsync($"{Account}/models/gap");
        Assert.Equal(("READY", "OK"), (Text(model, "state"), Text(model.GetProperty("status"), "code")));
    }

    [Fact]
    public async Task Every_unfit_file_is_named_at_once()
    {
        var files = Files(Tiny);
        files["config.json"] = Edit(files["config.json"], json => json["quantization_config"] = new JsonObject { ["bits"] = 4 });
        files["model.safetensors"] = files["model.safetensors"][..1000];
        files["tokenizer.json"] = "{"u8.ToArray();
        await CreateAsync("bad");
        foreach (var file in files) await PutFileAsync("models/bad", file.Key, file.Value);
        var (status, body) = await Server.GetAsync($"{Account}/models/bad:validateUpload");
        Assert.Equal(400, status);
        Assert.Contains("quantization_config", body.GetProperty("message").GetString());
        Assert.Equal(["config.json", "model.safetensors", "tokenizer.json"], body.GetProperty("details")[0].GetProperty("fieldViolations").EnumerateArray().Select(fault => Text(fault, "field")).Order());
        Assert.DoesNotContain(Server.Directory, body.ToString());
        Assert.Empty(Drafts());
    }

    [Fact]
    public async Task Missing_shards_pickles_and_unknown_architectures_are_told()
    {
        var files = Files(Tiny);
        files["config.json"] = Edit(files["config.json"], json => json["model_type"] = "mamba");
        files.Remove("model.safetensors");
        files["model.safetensors.index.json"] = """{"weight_map":{"a":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors"}}"""u8.ToArray();
        var message = await RefusalAsync("shards", files);
        Assert.Contains("The architecture 'mamba' is not supported", message);
        Assert.Contains("model-00001-of-00002.safetensors: It is missing; model.safetensors.index.json names it.", message);
        Assert.Contains("model-00002-of-00002.safetensors: It is missing", message);

        files = Files(Tiny);
        files.Remove("model.safetensors");
        files["pytorch_model.bin"] = [1, 2, 3];
        Assert.Contains("pytorch_model.bin: a Python pickle", await RefusalAsync("pickle", files));
    }

    [Fact]
    public async Task Validation_waits_for_offered_files_and_checks_the_configuration_alone_when_asked()
    {
        await CreateAsync("early");
        Assert.Equal((400, 9), await CodeAsync("early"));
        await OfferAsync("models/early", "model.safetensors", 10);
        await PutFileAsync("models/early", "config.json", Files(Tiny)["config.json"]);
        Assert.Equal((400, 9), await CodeAsync("early"));
        Assert.Equal(200, (await Server.GetAsync($"{Account}/models/early:validateUpload?configOnly=true")).Status);
        Assert.Equal("UPLOADING", await StateOfAsync("models/early"));
        Assert.Equal(400, (await Server.SendAsync(HttpMethod.Get, $"{Account}/models/early:validateUpload", "{}")).Status);
    }

    [Fact]
    public async Task A_resumable_upload_is_answered_with_what_happens_instead()
    {
        await CreateAsync("resumable");
        var (_, body) = await Server.PostAsync($"{Account}/models/resumable:getUploadEndpoint", """{"filenameToSize":{"config.json":"3"},"enableResumableUpload":true}""");
        Assert.Contains("one PUT", body.GetProperty("hearthWarnings")[0].GetString());
        Assert.Equal(JsonValueKind.Object, body.GetProperty("filenameToUnsignedUris").ValueKind);
    }

    [Fact]
    public async Task An_own_model_is_downloaded_file_by_file_with_its_licence()
    {
        var files = Files(Tiny);
        files["LICENSE"] = "Do as you like."u8.ToArray();
        await UploadAsync("mine", files);
        var (_, body) = await Server.GetAsync($"{Account}/models/mine:getDownloadEndpoint");
        var urls = body.GetProperty("filenameToSignedUrls").EnumerateObject().ToDictionary(url => url.Name, url => url.Value.GetString()!);
        Assert.Equal(files.Keys.Order(StringComparer.Ordinal), urls.Keys);
        foreach (var (name, bytes) in files) Assert.Equal(bytes, await Nobody.GetByteArrayAsync(urls[name]));
        var (catalogue, refusal) = await Server.GetAsync("/v1/accounts/fireworks/models/tiny:getDownloadEndpoint");
        Assert.Equal((400, 9), (catalogue, refusal.GetProperty("code").GetInt32()));
    }

    [Fact]
    public async Task A_tuned_adapter_can_be_downloaded_and_uploaded_again()
    {
        await Server.Server.RegisterBaseModelAsync("hearth-tiny", Tiny, await new ModelProbe().ProbeAsync(Tiny, default), "hearth-tiny");
        await CreateAddonAsync("copy", "hearth-tiny");
        foreach (var file in AdapterOfTiny()) await PutFileAsync("models/copy", file.Key, file.Value);
        Assert.Equal((200, 0), await ValidateAsync("copy"));
        var (_, model) = await Server.GetAsync($"{Account}/models/copy");
        var peft = model.GetProperty("peftDetails");
        Assert.Equal(("READY", 4, "accounts/fireworks/models/hearth-tiny", "llama"), (Text(model, "state"), peft.GetProperty("r").GetInt32(), Text(peft, "baseModel"), Text(peft, "baseModelType")));
        Assert.Equal("q_proj,v_proj", string.Join(',', peft.GetProperty("targetModules").EnumerateArray()));

        await Server.Client.CreateDeploymentAsync(new() { BaseModel = "hearth-tiny", EnableAddons = true }, "serve");
        await Server.Client.LoadAddonAsync("copy", "serve");
        var addon = Assert.Single((await Server.AssignmentOfAsync("accounts/local/deployments/serve")).Replica!.Addons);
        using var files = ModelFiles.Open(Tiny);
        using var loaded = LoraAdapter.Load(addon.AdapterPath, files.Configuration);
        Assert.Equal(addon.Hash, LoraAdapter.HashOf(addon.AdapterPath));
        var (_, download) = await Server.GetAsync($"{Account}/models/copy:getDownloadEndpoint");
        Assert.Equal(["adapter_config.json", "adapter_model.safetensors"], download.GetProperty("filenameToSignedUrls").EnumerateObject().Select(url => url.Name));
    }

    public static TheoryData<string, string, string> Adapters() => new()
    {
        { "plain", "tiny-llama", "" }, { "rslora", "tiny-llama", "" }, { "qwen3", "tiny-qwen3", "" }, { "targets-list-q-v", "tiny-llama", "" }, { "targets-regex", "tiny-llama", "" },
        { "targets-all-linear", "tiny-llama", "" }, { "layers-to-transform", "tiny-llama", "" }, { "exclude-modules", "tiny-llama", "" }, { "rank-alpha-pattern", "tiny-llama", "" },
        { "rslora-rank-pattern", "tiny-llama", "" }, { "bf16", "tiny-llama", "" }, { "f16", "tiny-llama", "" }, { "rank-64", "tiny-llama", "" }, { "old-config", "tiny-llama", "" },
        { "targets-lm_head", "tiny-llama", "" }, { "targets-embed_tokens", "tiny-llama", "" }, { "modules-to-save", "tiny-llama", "" },
        { "bias-lora_only", "tiny-llama-bias", "" }, { "lora_bias", "tiny-llama-bias", "" }, { "dora", "tiny-llama", "use_dora" },
        { "trainable-tokens", "tiny-llama", "" }, { "pickle-bin", "tiny-llama", "Python pickle" },
        { "invalid/missing-tensor", "tiny-llama", "has no tensor" }, { "invalid/missing-pair", "tiny-llama", "has no tensor" }, { "invalid/wrong-shape", "tiny-llama", "expected [" },
        { "invalid/wrong-rank", "tiny-llama", "expected [" }, { "invalid/unknown-tensor", "tiny-llama", "belongs to no module" }, { "invalid/nan", "tiny-llama", "not finite" },
        { "invalid/unknown-target", "tiny-llama", "does not have" }, { "invalid/rank-zero", "tiny-llama", "rank 0" }, { "invalid/not-lora", "tiny-llama", "peft_type" },
        { "invalid/other-base", "tiny-llama", "base_model_name_or_path is 'other-model'" }, { "invalid/truncated-file", "tiny-llama", "adapter_model.safetensors" },
        { "invalid/no-config", "tiny-llama", "adapter_config.json: It is missing" },
    };

    [Theory]
    [MemberData(nameof(Adapters))]
    public async Task An_adapter_is_taken_or_refused_by_name(string adapter, string baseModel, string refusal)
    {
        if (FixtureFolder.TryFind("training/adapters") is not { } folder || FixtureFolder.TryFind($"training/models/{baseModel}") is not { } path) { Assert.Skip("needs the shared fixtures"); return; }
        await Server.Server.RegisterBaseModelAsync("base", path, TestServer.Facts, "base"); // adapters name the folder
        await CreateAddonAsync("adapter", "base");
        foreach (var file in Files(Path.Combine(folder, adapter))) await PutFileAsync("models/adapter", file.Key, file.Value);
        var (status, body) = await Server.GetAsync($"{Account}/models/adapter:validateUpload");
        Assert.True(status == (refusal == "" ? 200 : 400), body.ToString());
        if (refusal == "") Assert.Equal("READY", await StateOfAsync("models/adapter"));
        else Assert.Contains(refusal, body.GetProperty("message").GetString());
        Assert.DoesNotContain(Server.Directory, body.ToString());
    }

    [Fact]
    public async Task The_same_base_under_another_name_passes_when_asked_and_says_so()
    {
        await Server.Server.RegisterBaseModelAsync("other", Tiny + "/../hearth-tiny", await new ModelProbe().ProbeAsync(Tiny, default), "other");
        await CreateAddonAsync("renamed", "other");
        var files = AdapterOfTiny();
        files["adapter_config.json"] = Edit(files["adapter_config.json"], json => json["base_model_name_or_path"] = "/somewhere/else");
        foreach (var file in files) await PutFileAsync("models/renamed", file.Key, file.Value);
        Assert.Equal((400, 3), await CodeAsync("renamed"));
        var (status, body) = await Server.GetAsync($"{Account}/models/renamed:validateUpload?skipHfConfigValidation=true");
        Assert.Equal(200, status);
        Assert.Contains("not compared", body.GetProperty("warnings")[0].GetString());
    }

    [Theory]
    [InlineData("\"peftDetails\":{\"baseModel\":\"absent\",\"r\":4,\"targetModules\":[]}", 404)]
    [InlineData("\"kind\":\"HF_PEFT_ADDON\"", 400)]
    [InlineData("\"kind\":\"FLUMINA_BASE_MODEL\"", 501)]
    public async Task A_model_that_cannot_be_checked_says_why(string fields, int expected)
    {
        await CreateAsync("odd", fields);
        await PutFileAsync("models/odd", "adapter_config.json", "{}");
        Assert.Equal(expected, (await CodeAsync("odd")).Status);
    }

    [Fact]
    public async Task A_rank_beyond_what_is_loaded_is_refused()
    {
        await Server.Server.RegisterBaseModelAsync("hearth-tiny", Tiny, await new ModelProbe().ProbeAsync(Tiny, default), "hearth-tiny");
        await CreateAddonAsync("wide", "hearth-tiny");
        var files = AdapterOfTiny();
        files["adapter_config.json"] = Edit(files["adapter_config.json"], json => json["r"] = 129);
        foreach (var file in files) await PutFileAsync("models/wide", file.Key, file.Value);
        Assert.Contains("The rank is 129; adapters of rank 1 to 128", (await Server.GetAsync($"{Account}/models/wide:validateUpload")).Body.GetProperty("message").GetString());
    }

    [Fact]
    public async Task Weights_of_a_ready_model_never_change()
    {
        await UploadAsync("mine", Files(Tiny));
        var (status, body) = await Server.PostAsync($"{Account}/models/mine:getUploadEndpoint", """{"filenameToSize":{"config.json":"3"}}""");
        Assert.Equal((400, 9), (status, body.GetProperty("code").GetInt32()));
    }

    [Theory]
    [InlineData("BF16", 200)]
    [InlineData("FP8", 501)]
    [InlineData("PRECISION_UNSPECIFIED", 400)]
    [InlineData("FP5", 400)]
    public async Task A_model_is_prepared_for_the_precision_of_its_files_and_no_other(string precision, int expected)
    {
        await UploadAsync("mine", Files(Tiny));
        Assert.Equal(expected, (await Server.PostAsync($"{Account}/models/mine:prepare", $$"""{"precision":"{{precision}}"}""")).Status);
        await CreateAsync("empty");
        Assert.Equal(400, (await Server.PostAsync($"{Account}/models/empty:prepare", """{"precision":"BF16"}""")).Status);
    }

    [Fact]
    public async Task Advice_beside_the_weights_is_taken_and_what_is_not_is_said()
    {
        var files = Files(Tiny);
        files.Remove("tokenizer_config.json");
        files["fireworks.json"] = """{"conversation_config":{"style":"jinja","args":{"template":"{{ messages[0].content }}"}},"defaults":{"temperature":0.25,"top_k":7,"max_tokens":99}}"""u8.ToArray();
        await CreateAsync("advised");
        foreach (var file in files) await PutFileAsync("models/advised", file.Key, file.Value);
        var (status, body) = await Server.GetAsync($"{Account}/models/advised:validateUpload");
        Assert.True(status == 200, body.ToString());
        Assert.Equal(["fireworks.json: defaults.max_tokens is not applied."], body.GetProperty("warnings").EnumerateArray().Select(warning => warning.GetString()));
        var sampling = (await Server.GetAsync($"{Account}/models/advised")).Body.GetProperty("defaultSamplingParams");
        Assert.Equal((0.25, 7), (sampling.GetProperty("temperature").GetDouble(), sampling.GetProperty("top_k").GetDouble()));
    }

    [Fact]
    public async Task A_models_conversation_reaches_its_replica_and_its_training()
    {
        await CreateAsync("mine", "\"conversationConfig\":{\"style\":\"jinja\",\"template\":\"{{ messages[0].content }}\",\"system\":\"Be brief.\"}");
        foreach (var file in Files(Tiny)) await PutFileAsync("models/mine", file.Key, file.Value);
        await ValidateAsync("mine");
        await Server.Client.CreateDeploymentAsync(new() { BaseModel = "mine" }, "serve");
        Assert.Equal(new ChatSettings("{{ messages[0].content }}", "Be brief."), (await Server.AssignmentOfAsync("accounts/local/deployments/serve")).Replica!.Chat);
        await Server.AddDatasetAsync("rows");
        await Server.Client.CreateSupervisedJobAsync(new() { Dataset = "rows", BaseModel = "mine", OutputModel = "tuned" }, "tune");
        Assert.Equal("{{ messages[0].content }}", (await Server.AssignmentOfAsync("accounts/local/supervisedFineTuningJobs/tune")).Trainer!.ChatTemplate);
        await Server.SendAsync(HttpMethod.Patch, $"{Account}/models/mine", """{"conversationConfig":{"style":"jinja"}}""");
        await Server.Client.CreateDeploymentAsync(new() { BaseModel = "mine" }, "again");
        Assert.Null((await Server.AssignmentOfAsync("accounts/local/deployments/again")).Replica!.Chat);
    }

    [Fact]
    public async Task A_tuned_model_is_served_with_the_template_of_its_job()
    {
        await Server.AddDatasetAsync("rows");
        await Server.Client.CreateSupervisedJobAsync(new() { Dataset = "rows", BaseModel = "tiny", OutputModel = "tuned", JinjaTemplate = "{{ messages[0].content }}" }, "tune");
        await Server.TrainAsync("accounts/local/supervisedFineTuningJobs/tune");
        Assert.Equal("{{ messages[0].content }}", Text((await Server.GetAsync($"{Account}/models/tuned")).Body.GetProperty("conversationConfig"), "template"));
        await Server.SendAsync(HttpMethod.Patch, $"{Account}/models/tuned", """{"displayName":"Tuned"}""");
        await Server.Client.CreateDeploymentAsync(new() { BaseModel = "tuned" }, "serve");
        var addon = Assert.Single((await Server.AssignmentOfAsync("accounts/local/deployments/serve")).Replica!.Addons);
        Assert.Equal("{{ messages[0].content }}", addon.Chat!.Template);
    }

    [Theory]
    [InlineData("{\"template\":\"{{ x }}\"}", 400, "conversationConfig.style is required")]
    [InlineData("{\"style\":\"vicuna\"}", 501, "vicuna")]
    [InlineData("{\"style\":\"jinja\",\"template\":\"{% for %}\"}", 400, "no chat template")]
    public async Task A_conversation_that_cannot_be_held_is_refused_at_once(string conversation, int expected, string message)
    {
        var (status, body) = await Server.PostAsync($"{Account}/models", $$$"""{"modelId":"odd","model":{"conversationConfig":{{{conversation}}} }}""");
        Assert.Equal(expected, status);
        Assert.Contains(message, body.GetProperty("message").GetString());
    }

    [Fact]
    public async Task Importing_from_a_bucket_is_refused_by_name()
    {
        var (status, body) = await Server.PostAsync($"{Account}/models:import", "{}");
        Assert.Equal(501, status);
        Assert.Contains("bucket", body.GetProperty("message").GetString());
    }

    private async Task CreateAsync(string id, string fields = "")
    {
        var (status, body) = await Server.PostAsync($"{Account}/models", "{\"modelId\":\"" + id + "\",\"model\":{" + fields + "}}");
        Assert.True(status == 200, body.ToString());
    }

    private Task CreateAddonAsync(string id, string baseModel) =>
        CreateAsync(id, $$$""" "kind":"HF_PEFT_ADDON","peftDetails":{"baseModel":"accounts/fireworks/models/{{{baseModel}}}","r":0,"targetModules":[]} """);

    private async Task UploadAsync(string id, Dictionary<string, byte[]> files)
    {
        await CreateAsync(id);
        foreach (var file in files) await PutFileAsync($"models/{id}", file.Key, file.Value);
        Assert.Equal(200, (await ValidateAsync(id)).Status);
    }

    private async Task<(int Status, int Warnings)> ValidateAsync(string id)
    {
        var (status, body) = await Server.GetAsync($"{Account}/models/{id}:validateUpload");
        Assert.True(status == 200, body.ToString());
        return (status, body.GetProperty("warnings").GetArrayLength());
    }

    private async Task<(int Status, int Code)> CodeAsync(string id)
    {
        var (status, body) = await Server.GetAsync($"{Account}/models/{id}:validateUpload");
        return (status, body.GetProperty("code").GetInt32());
    }

    private async Task<string> RefusalAsync(string id, Dictionary<string, byte[]> files)
    {
        await CreateAsync(id);
        foreach (var file in files) await PutFileAsync($"models/{id}", file.Key, file.Value);
        var (status, body) = await Server.GetAsync($"{Account}/models/{id}:validateUpload");
        Assert.Equal(400, status);
        return body.GetProperty("message").GetString()!;
    }

    private static Dictionary<string, byte[]> Files(string folder) =>
        Directory.GetFiles(folder).Where(file => Path.GetExtension(file) is not (".jsonl" or ".md")).ToDictionary(file => Path.GetFileName(file), File.ReadAllBytes);

    private static Dictionary<string, byte[]> AdapterOfTiny()
    {
        using var files = ModelFiles.Open(Tiny);
        var folder = Directory.CreateTempSubdirectory("hearth-adapter-").FullName;
        try
        {
            var modules = ModelLayout.LinearModules(files.Configuration).Where(module => module.Path.EndsWith("q_proj") || module.Path.EndsWith("v_proj")).Select(module => new AdapterModule
            {
                Path = module.Path,
                Rank = 4,
                Scale = 2,
                Inputs = module.Inputs,
                Outputs = module.Outputs,
                A = Enumerable.Repeat(0.01f, 4 * module.Inputs).ToArray(),
                B = Enumerable.Repeat(0.02f, 4 * module.Outputs).ToArray(),
            });
            AdapterFiles.Save(Path.Combine(folder, "adapter"), new AdapterConfiguration { BaseModel = "hearth-tiny", Rank = 4, Alpha = 8, TargetModules = ["q_proj", "v_proj"] }, modules);
            return Files(Path.Combine(folder, "adapter"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static byte[] Edit(byte[] json, Action<JsonObject> edit)
    {
        var parsed = JsonNode.Parse(json)!.AsObject();
        edit(parsed);
        return JsonSerializer.SerializeToUtf8Bytes(parsed);
    }

    private static string Text(JsonElement element, string field) => element.GetProperty(field).GetString()!;
}
