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

    public void Add(GenerationEvent part)
    {
        _text.Append(part.Text);
        _tokenIds.AddRange(part.TokenIds);
        if (part.Logprobs is { } logprobs) (_logprobs ??= []).AddRange(logprobs);
        _finishReason = part.FinishReason ?? _finishReason;
    }

    public ChatChoice ToChat(bool tokenIds) => new()
    {
        Index = index,
        Message = new() { Content = _text.ToString() },
        FinishReason = _finishReason,
        Logprobs = new LogprobsWriter(legacyLogprobs).Write(_logprobs),
        TokenIds = tokenIds ? _tokenIds : null,
    };

    public CompletionChoice ToText(bool tokenIds, IReadOnlyList<int>? prompt) => new()
    {
        Index = index,
        Text = _text.ToString(),
        FinishReason = _finishReason,
        Logprobs = new LogprobsWriter(legacyLogprobs).Write(_logprobs),
        PromptTokenIds = prompt,
        TokenIds = tokenIds ? _tokenIds : null,
    };
}
