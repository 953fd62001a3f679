using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Hearth.Training;

/// <summary>One message of a chat: the role is <c>system</c>, <c>user</c> or <c>assistant</c>.</summary>
public sealed record ChatTurn(string Role, string Content)
{
    /// <summary>A system message.</summary>
    public static ChatTurn System(string content) => new("system", content);

    /// <summary>A user message.</summary>
    public static ChatTurn User(string content) => new("user", content);

    /// <summary>An assistant message.</summary>
    public static ChatTurn Assistant(string content) => new("assistant", content);
}

/// <summary>How the last message of a row is compared with an answer.</summary>
public enum AnswerRule
{
    /// <summary>Equal after trimming white space.</summary>
    Exact,
    /// <summary>The last number in the answer is right.</summary>
    LastNumber,
}

/// <summary>A chat that ends with the assistant's answer, and the problems that it asks.</summary>
/// <param name="Task">The name of the task that made it.</param>
/// <param name="Turns">The messages; the last one is the expected answer.</param>
/// <param name="ProblemKeys">What is asked, without its wording: decides between training and held-out rows. Empty for a fact that everybody may see, such as 3 + 4.</param>
/// <param name="Rule">How an answer is judged.</param>
public sealed record ChatExample(string Task, IReadOnlyList<ChatTurn> Turns, IReadOnlyList<string> ProblemKeys, AnswerRule Rule = AnswerRule.Exact)
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>A chat of one question and its answer.</summary>
    public ChatExample(string task, string question, string answer, string key, AnswerRule rule = AnswerRule.Exact)
        : this(task, [ChatTurn.User(question), ChatTurn.Assistant(answer)], key.Length == 0 ? [] : [key], rule)
    {
    }

    /// <summary>The expected answer.</summary>
    public string Answer => Turns[^1].Content;

    /// <summary>The messages before the expected answer.</summary>
    public IReadOnlyList<ChatTurn> Prompt => [.. Turns.Take(Turns.Count - 1)];

    /// <summary>The row as one line of JSON, <c>{"messages":[{"role":…,"content":…},…]}</c>, without line end.</summary>
    public string ToJson()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, Options))
        {
            writer.WriteStartObject();
            writer.WriteStartArray("messages");
            foreach (var turn in Turns)
            {
                writer.WriteStartObject();
                writer.WriteString("role", turn.Role);
                writer.WriteString("content", turn.Content);
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
