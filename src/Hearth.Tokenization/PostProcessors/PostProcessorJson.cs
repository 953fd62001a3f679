using System.Text.Json;

namespace Hearth.Tokenization;

internal static class PostProcessorJson
{
    /// <summary>The factory gets the lookup of token texts, which offsets need.</summary>
    public static Func<Func<int, string?>, IPostProcessor?> Read(JsonElement? json)
    {
        if (json is not { } element) return _ => null;
        var build = ReadPart(element.Clone());
        return texts => build(texts);
    }

    private static Func<Func<int, string?>, IPostProcessor> ReadPart(JsonElement json)
    {
        switch (json.Kind())
        {
            case "Sequence":
                var steps = json.GetProperty("processors").EnumerateArray().Select(ReadPart).ToArray();
                return texts => new SequencePostProcessor([.. steps.Select(step => step(texts))]);
            case "ByteLevel":
                return texts => new SequencePostProcessor(Offsets(json, texts));
            case "RobertaProcessing":
                return texts => new SequencePostProcessor([.. Offsets(json, texts), Frame(json)]);
            case "BertProcessing":
                return _ => Frame(json);
            case "TemplateProcessing":
                var template = ReadTemplate(json);
                return _ => template;
            default:
                throw new NotSupportedException($"Tokenizer post-processor '{json.Kind()}' is not supported.");
        }
    }

    private static ByteLevelOffsets[] Offsets(JsonElement json, Func<int, string?> texts) =>
        json.Flag("trim_offsets", absent: true) ? [new ByteLevelOffsets(texts, json.Flag("add_prefix_space", absent: true))] : [];

    /// <summary>"cls" and "sep" are [text, id].</summary>
    private static TemplatePostProcessor Frame(JsonElement json) => new([
        new([json.GetProperty("cls")[1].GetInt32()], 0), new(null, 0), new([json.GetProperty("sep")[1].GetInt32()], 0)]);

    private static TemplatePostProcessor ReadTemplate(JsonElement json)
    {
        var tokens = json.GetProperty("special_tokens");
        return new TemplatePostProcessor([.. json.GetProperty("single").EnumerateArray().Select(part => ReadTemplatePart(part, tokens))]);
    }

    private static TemplatePostProcessor.Part ReadTemplatePart(JsonElement part, JsonElement tokens)
    {
        if (part.Property("Sequence") is { } sequence) return new(null, sequence.GetProperty("type_id").GetInt32());
        var special = part.GetProperty("SpecialToken");
        var ids = tokens.GetProperty(special.GetProperty("id").GetString()!).GetProperty("ids");
        return new([.. ids.EnumerateArray().Select(id => id.GetInt32())], special.GetProperty("type_id").GetInt32());
    }
}
