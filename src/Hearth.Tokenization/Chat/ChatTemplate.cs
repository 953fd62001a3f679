using System.Text.Json.Nodes;

namespace Hearth.Tokenization;

/// <summary>What a chat template is rendered with.</summary>
public sealed record ChatTemplateInput
{
    /// <value>The conversation: objects with role, content and whatever else the template reads.</value>
    public required JsonArray Messages { get; init; }

    /// <value>Function descriptions, or null.</value>
    public JsonArray? Tools { get; init; }

    /// <value>Documents to answer from, or null.</value>
    public JsonArray? Documents { get; init; }

    /// <value>End with the opening of an assistant turn.</value>
    public bool AddGenerationPrompt { get; init; }

    /// <value>Leave the last message open so that the model goes on with it.</value>
    public bool ContinueFinalMessage { get; init; }

    /// <value>bos_token, eos_token and so on; what is absent is undefined in the template.</value>
    public IReadOnlyDictionary<string, string> SpecialTokens { get; init; } = new Dictionary<string, string>();

    /// <value>More template variables, such as enable_thinking.</value>
    public JsonObject? Variables { get; init; }

    /// <value>What strftime_now reads.</value>
    public DateTime Now { get; init; } = DateTime.UnixEpoch;
}

/// <summary>A rendered conversation.</summary>
/// <param name="Text">The text to tokenize, special tokens included.</param>
/// <param name="Generations">The code points {% generation %} blocks wrote; empty when the template has none.</param>
public sealed record RenderedChat(string Text, IReadOnlyList<TextRange> Generations);

/// <summary>
/// A published chat template: Jinja, as Hugging Face transformers sets it up. Rendering has bounds on steps, text and
/// depth, so a template of unknown origin can be rendered safely.
/// </summary>
public sealed class ChatTemplate
{
    private const string ContinueTag = "CONTINUE_FINAL_MESSAGE_TAG ";
    private readonly Block _body;

    private ChatTemplate(string source, Block body, bool hasGenerations)
    {
        Source = source;
        _body = body;
        HasGenerations = hasGenerations;
    }

    /// <summary>The template's text.</summary>
    public string Source { get; }

    /// <summary>Whether it marks assistant turns with {% generation %}.</summary>
    public bool HasGenerations { get; }

    /// <exception cref="ChatTemplateException">It does not parse or uses what this engine does not have.</exception>
    public static ChatTemplate Parse(string source)
    {
        var (body, hasGenerations) = Parser.Parse(source);
        return new ChatTemplate(source, body, hasGenerations);
    }

    /// <exception cref="ChatTemplateException">The template failed, refused the conversation or went over its bounds.</exception>
    public RenderedChat Render(ChatTemplateInput input)
    {
        var variables = new JinjaDict();
        foreach (var (name, text) in input.SpecialTokens) variables.Set(name, text);
        variables.Set("messages", JinjaValue.From(ChatMessages.Prepare(input.Messages, input.ContinueFinalMessage ? ContinueTag : null)));
        variables.Set("tools", JinjaValue.From(input.Tools));
        variables.Set("documents", JinjaValue.From(input.Documents));
        variables.Set("add_generation_prompt", input.AddGenerationPrompt);
        foreach (var (name, value) in input.Variables ?? []) variables.Set(name, JinjaValue.From(value));

        var rendered = Render(variables, input.Now);
        return input.ContinueFinalMessage ? CutAtTag(rendered) : rendered;
    }

    internal RenderedChat Render(JinjaDict variables, DateTime now)
    {
        var state = new RenderState(new RenderBudget(JinjaValue.SizeOf(variables)), now);
        var globals = new Frame(state, null);
        Globals.AddTo(globals);
        var frame = globals.Inner();
        foreach (var (name, value) in variables.Entries) frame.Set((string)name!, value);
        try
        {
            _body.Execute(frame);
        }
        catch (InvalidOperationException error) when (error.InnerException is ChatTemplateException inner)
        {
            throw inner; // .NET's sort wraps what a comparison throws
        }

        return new RenderedChat(state.Text, CodePointRanges(state.Text, state.Generations));
    }

    private static RenderedChat CutAtTag(RenderedChat rendered)
    {
        var at = rendered.Text.LastIndexOf(ContinueTag.TrimEnd(), StringComparison.Ordinal);
        if (at < 0)
        {
            throw new ChatTemplateException(ChatTemplateError.Runtime,
                "Chat template: the final message does not appear in the rendered text, so it cannot be continued.");
        }

        // The blank behind the tag tells whether the template strips its messages; then so must the open one.
        var isKept = rendered.Text.AsSpan(at).StartsWith(ContinueTag, StringComparison.Ordinal);
        var text = isKept ? rendered.Text[..at] : rendered.Text[..at].TrimEnd();
        var end = PythonValue.RuneCount(text);
        return new RenderedChat(text, [.. rendered.Generations.Where(range => range.Start < end)
            .Select(range => range with { End = Math.Min(range.End, end) })]);
    }

    private static List<TextRange> CodePointRanges(string text, IReadOnlyList<(int Start, int End)> units) =>
        [.. units.Select(range => new TextRange(
            PythonValue.RuneCount(text[..range.Start]), PythonValue.RuneCount(text[..Math.Min(range.End, text.Length)])))];
}
