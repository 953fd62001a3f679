using Hearth.TestKit;
using Xunit;

namespace Hearth.EndToEnd.Tests;

/// <summary>Files in and out of the real program: a model uploaded through the API answers and is tuned, what it became is downloaded and uploaded again.</summary>
public sealed class TransferVerbTests
{
    [Fact]
    public async Task An_uploaded_model_answers_and_is_tuned_and_its_adapter_goes_out_and_in_again()
    {
        await using var server = await RunningServer.StartAsync();
        var tiny = Path.Combine(FixtureFolder.RepositoryRoot, "models", "hearth-tiny");
        Assert.Contains("accounts/local/models/mine is ready", await ClientProgram.RunAsync(server, "models", "upload", tiny, "--id", "mine"));
        await ClientProgram.RunAsync(server, "deploy", "mine");
        Assert.NotEmpty((await ClientProgram.RunAsync(server, "chat", "accounts/local/deployments/mine", "What is 3 + 4?", "--max-tokens", "8")).Trim());

        var rows = Path.Combine(server.Folder, "chats.jsonl");
        await File.WriteAllTextAsync(rows, TrainedRows.JsonLines(16));
        await ClientProgram.RunAsync(server, "train", rows, "--name", "tuned", "--base-model", "mine", "--batch-size-samples", "8");
        var adapter = Path.Combine(server.Folder, "adapter");
        Assert.Contains("2 files are in", await ClientProgram.RunAsync(server, "models", "download", "tuned", adapter));
        Assert.Contains("accounts/local/models/copy is ready", await ClientProgram.RunAsync(server, "models", "upload", adapter, "--id", "copy", "--base-model", "mine"));
        await ClientProgram.RunAsync(server, "deploy", "copy");
        Assert.NotEmpty((await ClientProgram.RunAsync(server, "chat", "accounts/local/deployments/copy", "What is 3 + 4?", "--max-tokens", "8")).Trim());
    }

    [Fact]
    public async Task A_file_that_is_unfit_is_named_and_a_folder_is_never_overwritten()
    {
        await using var server = await RunningServer.StartAsync();
        var folder = Directory.CreateDirectory(Path.Combine(server.Folder, "broken")).FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "config.json"), "{}");
        var (code, errors) = await ClientProgram.FailAsync(server, "models", "upload", folder);
        Assert.Equal(1, code);
        Assert.Contains("config.json has no 'model_type'", errors);
        Assert.Contains("model.safetensors: It is missing", errors);
        File.Copy(Path.Combine(FixtureFolder.RepositoryRoot, "models", "hearth-tiny", "config.json"), Path.Combine(folder, "config.json"), overwrite: true);
        foreach (var file in new[] { "model.safetensors", "tokenizer.json" }) File.Copy(Path.Combine(FixtureFolder.RepositoryRoot, "models", "hearth-tiny", file), Path.Combine(folder, file));
        Assert.Contains("no chat template", await ClientProgram.RunAsync(server, "models", "upload", folder)); // goes on where it broke off
        (code, errors) = await ClientProgram.FailAsync(server, "models", "download", "broken", folder);
        Assert.Equal(1, code);
        Assert.Contains("is there already", errors);
    }
}
