namespace Hearth.ControlPlane;

/// <summary>The one text for prompts that do not fit, so that every address and both overflow modes say the same.</summary>
public static class ContextLimit
{
    public static string PromptTooLong(int promptTokens, int contextLength) =>
        $"The prompt is {promptTokens} tokens long and the model's context holds {contextLength}. Shorten the prompt.";

    public static string NoRoom(int promptTokens, int maxTokens, int contextLength) =>
        $"The prompt ({promptTokens} tokens) and max_tokens ({maxTokens}) together exceed the model's context of {contextLength}. Lower one of them.";
}
