using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary>What a request means for a replica, in tokens: good enough to choose between replicas.</summary>
internal static class RequestWeight
{
    private const int BytesPerToken = 4;
    private const int UsualCompletion = 512;

    public static long Of(GenerationRequest request)
    {
        var prompt = request.PromptTokenIds?.Count ?? ((request.Prompt ?? request.MessagesJson ?? "").Length + (request.ToolsJson ?? "").Length) / BytesPerToken;
        return prompt + (long)request.N * Math.Min(request.MaxTokens ?? UsualCompletion, UsualCompletion * 8);
    }
}
