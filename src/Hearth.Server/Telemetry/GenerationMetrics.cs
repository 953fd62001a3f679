using System.Diagnostics;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary>Measures every run on a replica: for the operator's metrics, for the account's own, and as a span.</summary>
internal sealed class GenerationMetrics(Instruments instruments, DeploymentWindows windows, TimeProvider clock)
{
    public Run Begin(ModelRoute route) => new(instruments, windows, clock, route);

    /// <summary>One run; disposing it records what it was.</summary>
    public sealed class Run : IDisposable
    {
        private readonly Instruments _instruments;
        private readonly DeploymentWindows _windows;
        private readonly TimeProvider _clock;
        private readonly ModelRoute _route;
        private readonly long _start;
        private readonly Activity? _span;
        private TimeSpan? _firstToken;

        public Run(Instruments instruments, DeploymentWindows windows, TimeProvider clock, ModelRoute route)
        {
            (_instruments, _windows, _clock, _route, _start) = (instruments, windows, clock, route, clock.GetTimestamp());
            _span = Instruments.Spans.StartActivity("generate", ActivityKind.Client)?.SetTag("hearth.model", route.Model).SetTag("hearth.deployment", route.Deployment.Value);
            _instruments.Active.Add(1, Model);
            _windows.Enter(route.Deployment.Value);
        }

        /// <summary>HTTP status that the caller sees, or would see.</summary>
        public int Status { get; set; } = StatusCodes.Status499ClientClosedRequest;

        public GenerationUsage? Usage { get; set; }

        public GenerationTimes? Times { get; set; }

        private KeyValuePair<string, object?> Model => new("model", _route.Model);

        public void Token() => _firstToken ??= _clock.GetElapsedTime(_start);

        public void Dispose()
        {
            var whole = _clock.GetElapsedTime(_start);
            _instruments.Active.Add(-1, Model);
            _instruments.Generation.Record(whole.TotalSeconds, Model, new("status", Status));
            if (_firstToken is { } first) _instruments.FirstToken.Record(first.TotalSeconds, Model);
            _windows.Leave(_route.Deployment.Value, new(_clock.GetUtcNow(), Status, whole, _firstToken, Usage ?? new(0, 0, 0), Times));
            _span?.SetTag("http.response.status_code", Status).SetTag("hearth.completion_tokens", Usage?.CompletionTokens ?? 0);
            if (Status >= 500) _span?.SetStatus(ActivityStatusCode.Error);
            _span?.Dispose();
        }
    }
}
