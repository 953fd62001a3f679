using System.Diagnostics;
using System.Runtime.InteropServices;
using Hearth.Cli;
using Hearth.Client;
using Hearth.Contracts;
using Hearth.Training;

namespace Hearth;

/// <summary>The main job, told in order: everything that it does, it does through the server's public API.</summary>
internal static class DemoRun
{
    private const string User = "admin";
    private const string TrainingSet = "worked-answers";
    private const string HeldOutSet = "worked-answers-held-out";
    private const string BaseDeployment = "demo";
    private const string JobId = "demo";
    private const string TunedModel = "worked-answers-tuned";

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(200);

    public static async Task<int> RunAsync(DemoOptions options, CancellationToken interrupted)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(interrupted);
        // A closed terminal ends the demo like Ctrl-C does: server stopped, folder removed.
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, context =>
        {
            context.Cancel = true;
            stop.Cancel();
        });
        return await RunAsync(options, new DemoTalk(options.Json), stop.Token);
    }

    private static async Task<int> RunAsync(DemoOptions options, DemoTalk say, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        var folder = Directory.CreateTempSubdirectory("hearth-demo-").FullName;
        say.Line($"Everything of this demo lies in {folder}{(options.Keep ? "" : " and is removed at the end")}.");
        DemoServer? server = null;
        var kept = false;
        try
        {
            say.Step("Starting a server");
            server = await DemoServer.StartAsync(folder, options.BaseModelPath, cancellationToken);
            var ready = server.Ready;
            say.Line($"{ready.Url} answers; account {ready.Account}");
            using var admin = new HearthClient(ready.Url, ready.Account, ready.AdminKey);
            var key = await admin.CreateApiKeyAsync(User, "demo", cancellationToken);
            using var client = new HearthClient(ready.Url, ready.Account, key.Key);
            var report = await TuneAsync(client, options, say, cancellationToken);
            Present(report with { Seconds = clock.Elapsed.TotalSeconds }, options);
            if (options.Keep) say.HowToCall(ready.Url, key.Key, $"accounts/{ready.Account}/models/{TunedModel}", server.ProcessId, folder);
            kept = options.Keep;
            return ExitCodes.Success;
        }
        catch (HearthApiException e)
        {
            throw new CliException(e.Message);
        }
        finally
        {
            if (!kept)
            {
                if (server is not null) await server.DisposeAsync();
                Directory.Delete(folder, recursive: true);
            }
        }
    }

    private static async Task<DemoReport> TuneAsync(HearthClient client, DemoOptions options, DemoTalk say, CancellationToken cancellationToken)
    {
        var recipe = options.BaseModelPath is null ? DemoRecipe.Embedded : DemoRecipe.Own;
        var data = new DemoDataset(recipe.Seed, recipe.TrainingRows, recipe.HeldOutRows);

        say.Step($"Uploading {data.Training.Count} rows to train on and {data.HeldOut.Count} held-out rows");
        await UploadAsync(client, TrainingSet, data.Training, cancellationToken);
        await UploadAsync(client, HeldOutSet, data.HeldOut, cancellationToken);

        say.Step("Deploying the base model");
        await client.CreateDeploymentAsync(
            new DeploymentParam { BaseModel = recipe.BaseModel, EnableAddons = true, MinReplicaCount = 1 }, BaseDeployment, cancellationToken);
        await client.WaitForDeploymentAsync(BaseDeployment, PollInterval, cancellationToken);
        var baseName = $"accounts/{client.Account}/deployments/{BaseDeployment}";

        say.Step("Asking it the held-out problems");
        var before = await DemoEvaluation.RunAsync(client, baseName, data, cancellationToken);

        say.Step($"Fine-tuning a LoRA adapter, rank {recipe.LoraRank}");
        var job = await TrainAsync(client, recipe, options.Json, cancellationToken);

        say.Step("Deploying the adapter");
        var addon = await client.LoadAddonAsync(job.OutputModel, baseName, cancellationToken);
        await client.WaitForAddonAsync(addon.Name, PollInterval, cancellationToken);

        say.Step("Asking it one problem, streamed");
        await say.StreamAsync(client, job.OutputModel, data.HeldOut[0].Prompt, cancellationToken);

        say.Step("Asking it the held-out problems");
        var after = await DemoEvaluation.RunAsync(client, job.OutputModel, data, cancellationToken);
        return DemoReport.Of(before, after, job);
    }

    private static async Task UploadAsync(HearthClient client, string id, IReadOnlyList<ChatExample> rows, CancellationToken cancellationToken)
    {
        await client.CreateDatasetAsync(
            id, new DatasetParam { ExampleCount = rows.Count, Format = DatasetFormat.CHAT, UserUploaded = new EmptyMessage() }, cancellationToken);
        using var content = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(DemoDataset.ToJsonLines(rows)));
        await client.UploadDatasetAsync(id, content, id + ".jsonl", cancellationToken);
    }

    private static async Task<SupervisedFineTuningJob> TrainAsync(HearthClient client, DemoRecipe recipe, bool quiet, CancellationToken cancellationToken)
    {
        await client.CreateSupervisedJobAsync(new SupervisedFineTuningJobParam
        {
            BaseModel = recipe.BaseModel,
            Dataset = TrainingSet,
            // The losses before and after are the trainer's own, over the held-out rows' answers: the very quantity that is trained.
            EvaluationDataset = HeldOutSet,
            OutputModel = TunedModel,
            LoraRank = recipe.LoraRank,
            LearningRate = recipe.LearningRate,
            Epochs = recipe.Epochs,
            // The platform's default is 32,768 tokens a step, which would make this job a handful of steps.
            BatchSizeSamples = recipe.BatchSizeSamples,
            MaxContextLength = recipe.MaxContextLength,
        }, JobId, cancellationToken);
        return await JobProgressView.WatchAsync(client, JobId, "training", quiet, PollInterval, cancellationToken);
    }

    private static void Present(DemoReport report, DemoOptions options)
    {
        if (options.Json) CommandOutput.WriteJson(report);
        else report.WriteTable();
    }
}
