namespace Hearth.Tokenization;

/// <summary>Why a row of chat data cannot be trained on.</summary>
public enum ChatRowError
{
    /// <summary>It is not of the form {"messages": [{"role": ..., "content": ...}, ...]}.</summary>
    Malformed,

    /// <summary>No message is the assistant's.</summary>
    NoAssistantTurn,

    /// <summary>Every assistant turn has weight 0.</summary>
    NothingToTrain,

    /// <summary>The chat template failed on it or refused it.</summary>
    Template,

    /// <summary>The template writes earlier turns differently once the conversation goes on.</summary>
    NotAnExtension,
}

/// <summary>A row of chat data cannot be trained on; the message names the rule and the remedy.</summary>
public sealed class ChatRowException(ChatRowError error, string message, Exception? inner = null) : Exception(message, inner)
{
    public ChatRowError Error { get; } = error;
}
