using System.Text.Json;
using Hearth.Contracts;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary>Anthropic's fields as the replica takes them: the documented refusals, and a clear one for what is not there yet.</summary>
internal static class MessageRules
{
    private const int MaxStops = 64;
    private const int MinThinkingBudget = 1024;

    /// <exception cref="HearthException">A field is missing, out of its range, or not there yet; the message names it.</exception>
    public static GenerationRequest ToRequest(MessageRequest body, string requestId)
    {
        if (body.MaxTokens is null) throw SamplingRules.Fault("max_tokens", "is required: the most tokens that the answer may have.");
        if (body.MaxTokens <= 0) throw SamplingRules.Fault("max_tokens", "must be greater than 0.");
        var conversation = MessageConversation.Read(body);
        CheckThinking(body, conversation.ContinuesLast);
        RefuseTools(body);
        RefuseUnimplemented(body);
        return new()
        {
            RequestId = requestId,
            MessagesJson = conversation.Json,
            ContinueFinalMessage = conversation.ContinuesLast,
            MaxTokens = body.MaxTokens,
            Temperature = SamplingRules.InRange("temperature", body.Temperature, 0, 1) ?? 1,
            TopP = SamplingRules.InRange("top_p", body.TopP, 0, 1),
            TopK = SamplingRules.InRange("top_k", body.TopK, 0, int.MaxValue),
            Stop = ToStops(body.StopSequences),
            RawOutput = body.RawOutput ?? false,
        };
    }

    private static IReadOnlyList<string> ToStops(JsonElement? stops)
    {
        if (!IsGiven(stops)) return [];
        if (stops!.Value.ValueKind != JsonValueKind.Array || stops.Value.GetArrayLength() > MaxStops || stops.Value.EnumerateArray().Any(stop => stop.ValueKind != JsonValueKind.String))
            throw SamplingRules.Fault("stop_sequences", $"must be a list of up to {MaxStops} strings.");
        return [.. stops.Value.EnumerateArray().Select(stop => stop.GetString()!).Where(stop => stop != "")];
    }

    /// <summary><c>adaptive</c> selects nothing by itself; what <c>enabled</c> may be combined with is checked before it is refused.</summary>
    private static void CheckThinking(MessageRequest body, bool prefilled)
    {
        if (!IsGiven(body.Thinking)) return;
        switch (TypeOf(body.Thinking!.Value))
        {
            case "disabled" or "adaptive":
                return;
            case "enabled":
                CheckBudget(body, body.Thinking.Value);
                if (TypeOf(body.ToolChoice) is "any" or "tool") throw SamplingRules.Fault("tool_choice", "may not force a tool while thinking is enabled.");
                if (prefilled) throw SamplingRules.Fault("messages", "may not end with an assistant message while thinking is enabled.");
                throw SamplingRules.NotYet("thinking");
            default:
                throw SamplingRules.Fault("thinking.type", "must be enabled, disabled or adaptive.");
        }
    }

    private static void CheckBudget(MessageRequest body, JsonElement thinking)
    {
        if (!thinking.TryGetProperty("budget_tokens", out var tokens) || tokens.ValueKind != JsonValueKind.Number || !tokens.TryGetInt32(out var budget))
            throw SamplingRules.Fault("thinking.budget_tokens", "is required where thinking is enabled.");
        if (budget < MinThinkingBudget) throw SamplingRules.Fault("thinking.budget_tokens", $"must be at least {MinThinkingBudget}.");
        if (budget >= body.MaxTokens) throw SamplingRules.Fault("thinking.budget_tokens", "must be less than max_tokens.");
    }

    private static void RefuseTools(MessageRequest body)
    {
        var choice = IsGiven(body.ToolChoice) ? TypeOf(body.ToolChoice) : "auto";
        if (choice is not ("auto" or "any" or "tool" or "none")) throw SamplingRules.Fault("tool_choice.type", "must be auto, any, tool or none.");
        if (!IsGiven(body.Tools)) return;
        if (body.Tools!.Value.ValueKind != JsonValueKind.Array) throw SamplingRules.Fault("tools", "must be a list.");
        var index = 0;
        foreach (var tool in body.Tools.Value.EnumerateArray())
        {
            if (TypeOf(tool) is { } type and not "custom") throw SamplingRules.Fault($"tools.{index}.type", $"'{type}' runs on the server, which is not supported. Give tools of your own.");
            index++;
        }
        if (index > 0 && choice != "none") throw SamplingRules.NotYet("tools");
    }

    private static void RefuseUnimplemented(MessageRequest body)
    {
        if (IsGiven(body.OutputFormat)) throw SamplingRules.NotYet("output_format");
        if (body.OutputConfig is { ValueKind: JsonValueKind.Object } config)
        {
            if (config.TryGetProperty("format", out var format) && IsGiven(format)) throw SamplingRules.NotYet("output_config.format");
            if (config.TryGetProperty("effort", out var effort) && IsGiven(effort)) throw SamplingRules.NotYet("output_config.effort");
        }
        if (IsGiven(body.ContextManagement)) throw SamplingRules.NotYet("context_management");
        if (body.McpServers is { ValueKind: JsonValueKind.Array } servers && servers.GetArrayLength() > 0) throw SamplingRules.NotYet("mcp_servers");
    }

    private static bool IsGiven(JsonElement? field) => field is { ValueKind: not (JsonValueKind.Null or JsonValueKind.Undefined) };

    private static string? TypeOf(JsonElement? message) =>
        message is { ValueKind: JsonValueKind.Object } fields && fields.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.String ? type.GetString() : null;
}
