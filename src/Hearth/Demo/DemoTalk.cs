using Hearth.Client;
using Hearth.Training;

namespace Hearth;

/// <summary>What the demo tells on the way; nothing where it answers in JSON.</summary>
internal sealed class DemoTalk(bool quiet)
{
    public void Step(string text) => Line($"\n{text} …");

    public void Line(string text)
    {
        if (!quiet) Console.Out.WriteLine(text);
    }

    /// <summary>Shows a question and its answer as it comes.</summary>
    public async Task StreamAsync(HearthClient client, string model, IReadOnlyList<ChatTurn> prompt, CancellationToken cancellationToken)
    {
        Line($"> {prompt[^1].Content}");
        await foreach (var chunk in client.StreamChatAsync(DemoEvaluation.RequestOf(model, prompt), cancellationToken))
            if (!quiet && chunk.Choices is [{ Delta.Content: { } text }, ..]) Console.Out.Write(text);
        Line("");
    }

    /// <summary>How to go on with a server that was kept.</summary>
    public void HowToCall(string url, string key, string model, int processId, string folder) => Line($$"""

        The server goes on at {{url}}. Ask it:
          curl {{url}}/v1/chat/completions -H 'Authorization: Bearer {{key}}' -H 'Content-Type: application/json' \
            -d '{"model": "{{model}}", "messages": [{"role": "user", "content": "Tom has 12 apples and buys 7 more. How many apples does he have?"}]}'
        Stop it and remove everything:
          kill {{processId}}; rm -r {{folder}}
        """);
}
