using Hearth.ControlPlane;
using Hearth.Models;
using Xunit;

namespace Hearth.Workers.Tests;

/// <summary>The caller's word, then the publisher's, then the defaults.</summary>
public sealed class RequestSamplingTests
{
    private static readonly GenerationConfiguration Advice = new() { Temperature = 0.6, TopP = 0.9, TopK = 20, MinP = 0.05, TypicalP = 0.95, RepetitionPenalty = 1.1 };

    [Fact]
    public void What_is_left_open_follows_the_publisher()
    {
        var sampling = RequestSampling.Of(new() { RequestId = "r", TopK = 7 }, Advice);
        Assert.Equal((0.6, 0.9, 7, 0.05, 0.95, 1.1), (sampling.Temperature, sampling.TopP, sampling.TopK, sampling.MinP, sampling.TypicalP, sampling.RepetitionPenalty));
        Assert.Null(sampling.MirostatTarget);
    }

    [Fact]
    public void Without_advice_nothing_is_cut()
    {
        var sampling = RequestSampling.Of(new() { RequestId = "r" }, new());
        Assert.Equal((1, 1, 0, 0, 1, 1), (sampling.Temperature, sampling.TopP, sampling.TopK, sampling.MinP, sampling.TypicalP, sampling.RepetitionPenalty));
    }

    [Fact]
    public void Mirostat_leaves_the_publishers_cuts_out_and_keeps_the_callers()
    {
        var sampling = RequestSampling.Of(new() { RequestId = "r", MirostatTarget = 4, TopP = 0.5 }, Advice);
        Assert.Equal((0.6, 0.5, 0, 0, 1, 1.1), (sampling.Temperature, sampling.TopP, sampling.TopK, sampling.MinP, sampling.TypicalP, sampling.RepetitionPenalty));
        Assert.Equal((4.0, 0.1), (sampling.MirostatTarget, sampling.MirostatRate));
        Assert.Equal(0.3, RequestSampling.Of(new() { RequestId = "r", MirostatTarget = 4, MirostatRate = 0.3 }, Advice).MirostatRate);
    }

    [Fact]
    public void A_share_of_0_means_one_token()
    {
        var sampling = RequestSampling.Of(new() { RequestId = "r", TopP = 0, TypicalP = 0 }, Advice);
        Assert.True(sampling is { TopP: > 0 and < 1e-6, TypicalP: > 0 and < 1e-6 });
    }
}
