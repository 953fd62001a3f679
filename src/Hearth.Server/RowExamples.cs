using Hearth.Contracts;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary>What a model makes of a row, as the wire has it: for the server's answers and for files that are read without a server.</summary>
public static class RowExamples
{
    public static HearthRowExample ToContract(RenderedExample example) => new()
    {
        Name = example.Name,
        Text = example.Text,
        Tokens = example.Tokens,
        TokenIds = example.TokenIds,
        LossMask = example.LossMask,
        Weight = example.Weight,
    };
}
