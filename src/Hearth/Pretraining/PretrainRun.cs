using System.Text.Json;
using Hearth.Cli;
using Hearth.Training;
using Spectre.Console;

namespace Hearth;

/// <summary>Runs a pre-training recipe with a progress bar, or with a line every ten steps where the output is not a terminal.</summary>
internal static class PretrainRun
{
    private const int StepsPerLine = 10;

    private static readonly JsonSerializerOptions RecipeFormat = new()
    {
        PropertyNameCaseInsensitive = true,
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
        UnmappedMemberHandling = System.Text.Json.Serialization.JsonUnmappedMemberHandling.Disallow,
    };

    public static Task<int> RunAsync(string recipe, string folder, int? steps, CancellationToken cancellationToken)
    {
        if (!File.Exists(recipe)) throw new CliException($"There is no recipe '{recipe}'. Recipes are in the repository's folder recipes/.");
        var options = JsonSerializer.Deserialize<PretrainOptions>(File.ReadAllText(recipe), RecipeFormat)!;
        if (Console.IsOutputRedirected) PretrainRecipe.Run(options, folder, steps, new Lines(), cancellationToken);
        else
            AnsiConsole.Progress().AutoClear(false).HideCompleted(false)
                .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
                .Start(context => PretrainRecipe.Run(options, folder, steps, new Bar(context.AddTask("pretrain")), cancellationToken));
        return Task.FromResult(0);
    }

    private sealed class Bar(ProgressTask task) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress p)
        {
            task.MaxValue = p.TotalSteps;
            task.Value = p.Step;
            task.Description = FormattableString.Invariant($"step {p.Step}/{p.TotalSteps}  loss {p.Loss:F3}  {p.TokensPerSecond:N0} tokens/s");
        }
    }

    private sealed class Lines : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress p)
        {
            if (p.Step % StepsPerLine != 0 && p.Step != p.TotalSteps) return;
            Console.WriteLine(FormattableString.Invariant(
                $"step {p.Step}/{p.TotalSteps}  loss {p.Loss:F4}  lr {p.LearningRate:E2}  {p.TokensPerSecond:N0} tokens/s  {TimeSpan.FromSeconds(p.SecondsLeft):hh\\:mm\\:ss} left"));
        }
    }
}
