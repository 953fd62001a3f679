using System.Text;
using Hearth.Contracts;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary>Collects one choice of an answer that is not streamed.</summary>
internal sealed class ChoiceBuilder(int index, bool legacyLogprobs)
{
    private readonly StringBuilder _text = new();
    private readonly List<int> _tokenIds = [];
    private List<TokenLogprob>? _logprobs;
    private string _finishReason = "stop";

    /// <summary>What really went in and came out, where asked for.</summary>
    public RawOutput? Raw { get; private set; }

    public void Add(GenerationEvent part, RawOutput? raw)
    {
        _text.Append(part.Text);
        _tokenIds.AddRange(part.TokenIds);
        if (part.Logprobs is { } logprobs) (_logprobs ??= []).AddRange(logprobs);
        _finishReason = part.FinishReason ?? _finishReason;
        Raw = raw ?? Raw;
    }

    public ChatChoice ToChat(bool tokenIds) => new()
    {
        Index = index,
        Message = new() { Content = _text.ToString() },
        FinishReason = _finishReason,
        Logprobs = new LogprobsWriter(legacyLogprobs).Write(_logprobs),
        RawOutput = Raw,
        TokenIds = tokenIds ? _tokenIds : null,
    };

    public CompletionChoice ToText(bool tokenIds, IReadOnlyList<int>? prompt) => new()
    {
        Index = index,
        Text = _text.ToString(),
        FinishReason = _finishReason,
        Logprobs = new LogprobsWriter(legacyLogprobs).Write(_logprobs),
        PromptTokenIds = tokenIds ? prompt : null,
        RawOutput = Raw,
        TokenIds = tokenIds ? _tokenIds : null,
    };
}
