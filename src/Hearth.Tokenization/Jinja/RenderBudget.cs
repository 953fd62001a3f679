using System.Runtime.CompilerServices;

namespace Hearth.Tokenization;

/// <summary>
/// What a rendering may cost. Templates come with model files and may be hostile: every node evaluated and every element
/// visited is a step, and a text or list is charged before it is made.
/// </summary>
internal sealed class RenderBudget
{
    private const int DeepestCalls = 100;
    private readonly long _largest;
    private int _depth;
    private long _steps;
    private long _units;

    /// <param name="inputSize">Characters and values given to the template: honest work grows with them.</param>
    public RenderBudget(long inputSize)
    {
        _steps = 200_000 + 100 * inputSize;
        _largest = 500_000 + 20 * inputSize;
        _units = 20 * _largest;
    }

    public void Step()
    {
        if (--_steps < 0) throw Exceeded("takes too many steps");
    }

    /// <summary>Charges a text or list of this many units, before it exists.</summary>
    public void Allocate(long units)
    {
        _units -= units;
        if (units > _largest || _units < 0) throw Exceeded("makes too much text");
    }

    /// <summary>Runs the body of a macro or of a recursive loop, one level down.</summary>
    public T Enter<T>(Func<T> body)
    {
        if (++_depth > DeepestCalls) throw Exceeded($"calls itself more than {DeepestCalls} levels deep");
        var result = body();
        _depth--;
        return result;
    }

    /// <summary>Recursion ends before the stack does.</summary>
    public static void Descend()
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack()) throw Exceeded("nests too deeply");
    }

    public static ChatTemplateException Exceeded(string how) => new(ChatTemplateError.Limit, $"Chat template {how}; it is refused.");
}
