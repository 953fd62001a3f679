using System.CommandLine;
using Hearth.Client;
using Hearth.Contracts;

namespace Hearth.Cli;

/// <summary><c>hearth batch</c>: answer the rows of a dataset.</summary>
public static class BatchCommand
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(500);

    public static Command Create()
    {
        var command = new Command("batch", "Batch inference: answer the rows of a dataset.") { CreateJob(), Get(), List(), Delete() };
        command.Aliases.Add("batch-inference-job");
        return command.WithExamples(("hearth batch create -m hearth-tiny -d questions --wait", "answers the rows of the dataset questions and shows the progress"));
    }

    private static Command CreateJob()
    {
        var model = new Option<string?>("--model", "-m") { Description = "Model that answers; may be left out with --continue-from" };
        var input = new Option<string?>("--input-dataset-id", "-d") { Description = "Dataset of rows {\"custom_id\": …, \"body\": {\"messages\": […]}}" };
        var file = new Option<FileInfo?>("--file") { Description = "Upload this file as the input dataset first" };
        var output = new Option<string?>("--output-dataset-id", "-x") { Description = "Id of the dataset of answers; one of the server's own else" };
        var job = new Option<string?>("--job-id") { Description = "Id of the job; one of the server's own else" };
        var earlier = new Option<string?>("--continue-from") { Description = "A job that has ended: answer the rows that it did not" };
        var prompt = new Option<string?>("--system-prompt") { Description = "Opens the rows that have no system message" };
        var maxTokens = new Option<int?>("--max-tokens") { Description = "Longest answer, in tokens" };
        var temperature = new Option<double?>("--temperature") { Description = "0 to 2" };
        var topP = new Option<double?>("--top-p") { Description = "0 to 1" };
        var topK = new Option<int?>("--top-k") { Description = "0 to 100" };
        var n = new Option<int?>("--n") { Description = "Answers to each row" };
        var extra = new Option<string?>("--extra-body") { Description = "More fields of a chat request, as a JSON object" };
        var name = new Option<string?>("--display-name") { Description = "A name for people" };
        var wait = new Option<bool>("--wait") { Description = "Show the progress until the job has ended" };
        var command = new Command("create", "Start a job.")
        {
            model, input, file, output, job, earlier, prompt, maxTokens, temperature, topP, topK, n, extra, name, wait,
        };
        return command.CallsServer(async (parsed, client, cancellationToken) =>
        {
            if (parsed.GetValue(file) is { } rows) await UploadAsync(client, parsed.GetValue(input), rows, cancellationToken);
            var created = await client.CreateBatchJobAsync(new()
            {
                Model = parsed.GetValue(model),
                InputDatasetId = parsed.GetValue(input),
                OutputDatasetId = parsed.GetValue(output),
                ContinuedFromJobName = parsed.GetValue(earlier),
                SystemPrompt = parsed.GetValue(prompt),
                DisplayName = parsed.GetValue(name),
                InferenceParameters = new()
                {
                    MaxTokens = parsed.GetValue(maxTokens),
                    Temperature = parsed.GetValue(temperature),
                    TopP = parsed.GetValue(topP),
                    TopK = parsed.GetValue(topK),
                    N = parsed.GetValue(n),
                    ExtraBody = parsed.GetValue(extra),
                },
            }, parsed.GetValue(job), cancellationToken);
            if (parsed.GetValue(wait)) created = await WatchAsync(client, created, parsed.IsJson(), cancellationToken);
            Show(created, parsed.IsJson());
        }).WithExamples(
            ("hearth batch create -m hearth-tiny -d questions --file questions.jsonl --wait", "uploads the file as dataset questions and answers its rows"),
            ("hearth batch create --continue-from my-job", "answers the rows that my-job did not"));
    }

    private static Command Get()
    {
        var id = new Argument<string>("id") { Description = "A batch job of the account" };
        return new Command("get", "Show a job.") { id }.CallsServer(async (parsed, client, cancellationToken) =>
            Show(await client.GetBatchJobAsync(parsed.GetRequiredValue(id), cancellationToken), parsed.IsJson()));
    }

    private static Command List() => new Command("list", "List the account's batch jobs.").CallsServer(async (parsed, client, cancellationToken) =>
    {
        var jobs = await client.ListAsync<BatchInferenceJob>("batchInferenceJobs", cancellationToken: cancellationToken).ToListAsync(cancellationToken);
        if (parsed.IsJson()) CommandOutput.WriteJson(jobs.Select(ToJson));
        else foreach (var job in jobs) Console.Out.WriteLine($"{Id(job.Name)}  {StateOf(job)}  {Rows(job)}  {job.Model}");
    });

    private static Command Delete()
    {
        var id = new Argument<string>("id") { Description = "A batch job of the account" };
        return new Command("delete", "Cancel a running job, or remove one that has ended. Its output dataset stays.") { id }.CallsServer(async (parsed, client, cancellationToken) =>
        {
            await client.DeleteBatchJobAsync(parsed.GetRequiredValue(id), cancellationToken);
            if (!parsed.IsJson()) Console.Out.WriteLine($"{parsed.GetRequiredValue(id)} is being deleted.");
        });
    }

    private static async Task UploadAsync(HearthClient client, string? dataset, FileInfo file, CancellationToken cancellationToken)
    {
        if (dataset is null) throw new CliException("--file needs --input-dataset-id: the id that the uploaded dataset gets.", ExitCodes.Usage);
        if (!file.Exists) throw new CliException($"There is no file {file.FullName}.", ExitCodes.Usage);
        await client.CreateDatasetAsync(dataset, new DatasetParam { DisplayName = file.Name, UserUploaded = new EmptyMessage() }, cancellationToken);
        await using var content = file.OpenRead();
        await client.UploadDatasetAsync(dataset, content, file.Name, cancellationToken);
    }

    /// <exception cref="CliException">The job did not complete; the message is its own.</exception>
    private static async Task<BatchInferenceJob> WatchAsync(HearthClient client, BatchInferenceJob created, bool quiet, CancellationToken cancellationToken)
    {
        var (last, shown) = (created, "");
        await foreach (var job in client.WatchBatchJobAsync(Id(created.Name), PollInterval, cancellationToken))
        {
            last = job;
            var line = $"  {Id(job.Name)}: {StateOf(job)}{(job.WaitingOnCapacity ? ", waiting for a replica" : "")}, {Rows(job)}";
            if (!quiet && line != shown) Console.Out.WriteLine(line);
            shown = line;
        }
        return last.State == JobState.JOB_STATE_COMPLETED ? last : throw new CliException($"{last.Name} is {StateOf(last)}: {last.Status?.Message}");
    }

    private static void Show(BatchInferenceJob job, bool json)
    {
        if (json)
        {
            CommandOutput.WriteJson(ToJson(job));
            return;
        }
        Console.Out.WriteLine($"Name: {job.Name}");
        Console.Out.WriteLine($"State: {StateOf(job)}{(job.Status?.Message is { Length: > 0 } message ? $" ({message})" : "")}");
        Console.Out.WriteLine($"Rows: {Rows(job)}");
        Console.Out.WriteLine($"Model: {job.Model}");
        Console.Out.WriteLine($"Input Dataset: {job.InputDatasetId}");
        Console.Out.WriteLine($"Output Dataset: {job.OutputDatasetId}");
    }

    private static object ToJson(BatchInferenceJob job) => new
    {
        name = job.Name,
        state = StateOf(job),
        message = job.Status?.Message,
        model = job.Model,
        inputDataset = job.InputDatasetId,
        outputDataset = job.OutputDatasetId,
        rows = job.JobProgress?.TotalInputRequests,
        succeeded = job.JobProgress?.SuccessfullyProcessedRequests,
        failed = job.JobProgress?.FailedRequests,
        inputTokens = job.JobProgress?.InputTokens,
        outputTokens = job.JobProgress?.OutputTokens,
    };

    private static string Rows(BatchInferenceJob job) => job.JobProgress is { } now
        ? $"{now.TotalProcessedRequests}/{now.TotalInputRequests} rows{(now.FailedRequests > 0 ? $", {now.FailedRequests} failed" : "")}"
        : "0 rows";

    private static string StateOf(BatchInferenceJob job) => job.State.ToString()["JOB_STATE_".Length..];

    private static string Id(string name) => name.Split('/')[^1];
}
