namespace Hearth.Models;

public sealed partial record ModelConfiguration
{
    // Published files: rope_theta beside rope_scaling {type | rope_type, ...}. transformers 5: rope_parameters with both in it.
    private static RopeParameters ReadRope(ConfigurationReader reader)
    {
        var theta = reader.FindNumber("rope_theta");
        var maxPositions = reader.Integer("max_position_embeddings");
        var (current, legacy) = (reader.FindObject("rope_parameters"), reader.FindObject("rope_scaling"));
        if (current is not null && legacy is not null) throw reader.Fault("has both 'rope_parameters' and 'rope_scaling'; which one holds is unclear");
        if ((current ?? legacy) is not { } rope) return new RopeParameters { Theta = theta ?? 10000 };
        var parameters = ReadScaling(rope, rope.FindNumber("rope_theta") ?? theta ?? 10000, maxPositions);
        rope.MustBe("partial_rotary_factor", 1);
        rope.RefuseOthers();
        return parameters;
    }

    private static RopeParameters ReadScaling(ConfigurationReader rope, double theta, int maxPositions)
    {
        var key = rope.IsWritten("rope_type") ? "rope_type" : "type";
        var name = rope.FindText(key) ?? "default";
        // Published files sometimes carry both spellings.
        if (key == "rope_type" && rope.FindText("type") is { } other && other != name) throw rope.Fault($"has the 'rope_type' {name} and the 'type' {other}; both must agree");
        rope.Ignore(ConfigurationKeys.Rope.Keys);
        return name switch
        {
            "default" => new RopeParameters { Theta = theta },
            "linear" => new RopeParameters { Type = RopeType.Linear, Theta = theta, Factor = rope.Number("factor") },
            "llama3" => new RopeParameters
            {
                Type = RopeType.Llama3,
                Theta = theta,
                Factor = rope.Number("factor"),
                LowFrequencyFactor = rope.Number("low_freq_factor"),
                HighFrequencyFactor = rope.Number("high_freq_factor"),
                OriginalMaxPositions = rope.Integer("original_max_position_embeddings"),
            },
            "yarn" => ReadYarn(rope, theta, maxPositions),
            _ => throw rope.NotSupported(key, "default, linear, llama3 and yarn"),
        };
    }

    private static RopeParameters ReadYarn(ConfigurationReader rope, double theta, int maxPositions)
    {
        var original = rope.FindInteger("original_max_position_embeddings") ?? maxPositions;
        return new RopeParameters
        {
            Type = RopeType.Yarn,
            Theta = theta,
            Factor = rope.FindNumber("factor") ?? (double)maxPositions / original,
            OriginalMaxPositions = original,
            BetaFast = rope.FindNumber("beta_fast") ?? 32,
            BetaSlow = rope.FindNumber("beta_slow") ?? 1,
            AttentionFactor = rope.FindNumber("attention_factor"),
            Mscale = rope.FindNumber("mscale"),
            MscaleAllDimensions = rope.FindNumber("mscale_all_dim"),
            Truncate = rope.Flag("truncate", true),
        };
    }
}
