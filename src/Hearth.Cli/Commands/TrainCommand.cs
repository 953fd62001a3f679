using System.CommandLine;
using Hearth.Client;
using Hearth.Contracts;

namespace Hearth.Cli;

/// <summary><c>hearth train</c>: upload a file, run a supervised fine-tuning job on it, wait for the tuned model.</summary>
public static class TrainCommand
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(500);

    public static Command Create()
    {
        var file = new Argument<FileInfo>("file") { Description = "Chat rows, JSON Lines: {\"messages\": [{\"role\": …, \"content\": …}, …]}" };
        var name = new Option<string>("--name") { Description = "Id of the tuned model", Required = true };
        var baseModel = new Option<string>("--base-model") { Description = "Model to tune", DefaultValueFactory = _ => "hearth-tiny" };
        var epochs = new Option<double?>("--epochs") { Description = "Passes over the file" };
        var rate = new Option<double?>("--learning-rate") { Description = "Peak learning rate" };
        var rank = new Option<int?>("--lora-rank") { Description = "Rank of the adapter: a power of two up to 64" };
        var batch = new Option<int?>("--batch-size-samples") { Description = "Rows of an optimizer step; the server's default is 32,768 tokens a step" };
        var command = new Command("train", "Fine-tune a LoRA adapter on a file of chats, and show its progress.") { file, name, baseModel, epochs, rate, rank, batch };
        return command.CallsServer(async (parsed, client, cancellationToken) =>
        {
            var id = parsed.GetRequiredValue(name);
            await UploadAsync(client, id, parsed.GetRequiredValue(file), cancellationToken);
            var job = await RunAsync(client, id, new SupervisedFineTuningJobParam
            {
                Dataset = id,
                OutputModel = id,
                BaseModel = parsed.GetRequiredValue(baseModel),
                Epochs = parsed.GetValue(epochs),
                LearningRate = parsed.GetValue(rate),
                LoraRank = parsed.GetValue(rank),
                BatchSizeSamples = parsed.GetValue(batch),
            }, parsed.IsJson(), cancellationToken);
            if (parsed.IsJson()) CommandOutput.WriteJson(new { job = job.Name, model = job.OutputModel, steps = job.HearthProgress?.Step, loss = job.HearthProgress?.Loss });
            else Console.Out.WriteLine($"{job.OutputModel} is ready. Deploy it with: hearth deploy {id}");
        }).WithExamples(
            ("hearth train chats.jsonl --name my-model --batch-size-samples 16", "uploads the file as data set my-model and tunes the embedded model on it"));
    }

    private static async Task UploadAsync(HearthClient client, string id, FileInfo file, CancellationToken cancellationToken)
    {
        if (!file.Exists) throw new CliException($"There is no file {file.FullName}.", ExitCodes.Usage);
        await client.CreateDatasetAsync(id, new DatasetParam { DisplayName = file.Name, UserUploaded = new EmptyMessage() }, cancellationToken);
        await using var content = file.OpenRead();
        await client.UploadDatasetAsync(id, content, file.Name, cancellationToken);
    }

    private static async Task<SupervisedFineTuningJob> RunAsync(
        HearthClient client, string id, SupervisedFineTuningJobParam wanted, bool quiet, CancellationToken cancellationToken)
    {
        await client.CreateSupervisedJobAsync(wanted, id, cancellationToken);
        return await JobProgressView.WatchAsync(client, id, id, quiet, PollInterval, cancellationToken);
    }
}
