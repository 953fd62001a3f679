namespace Hearth.ControlPlane;

/// <summary>Further steps of a kept-alive reinforcement trainer.</summary>
public sealed class ReinforcementSteps(ResourceStore resources, JobPlanner planner)
{
    /// <summary>Checks a step. None is run yet: no trainer of this version stays alive.</summary>
    /// <exception cref="HearthException">The step does not fit, the trainer is not there, or it cannot be run.</exception>
    public async ValueTask ExecuteAsync(Caller caller, ResourceName name, string? dataset, string? outputModel, CancellationToken cancellationToken)
    {
        var job = await resources.GetAsync<JobRecord>(name, cancellationToken);
        var faults = new List<FieldFault>();
        if (string.IsNullOrEmpty(dataset)) faults.Add(new("dataset", "is required: the scored samples of the step."));
        if (string.IsNullOrEmpty(outputModel)) faults.Add(new("outputModel", "is required: the model that the step makes."));
        JobRules.Throw(faults);
        await planner.RequireStepAsync(caller, name, dataset!, outputModel!, cancellationToken);
        if (!JobStates.IsActive(job.Row.State))
            throw HearthException.Precondition($"{name} is {job.Row.State}: its trainer does not run. {job.Value.StatusMessage}");
        throw HearthException.Unimplemented(JobKind.ReinforcementStep.Feature);
    }
}
