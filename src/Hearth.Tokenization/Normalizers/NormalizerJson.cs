using System.Text.Json;

namespace Hearth.Tokenization;

internal static class NormalizerJson
{
    public static INormalizer Read(JsonElement json) => json.Kind() switch
    {
        "Sequence" => new SequenceNormalizer([.. json.GetProperty("normalizers").EnumerateArray().Select(Read)]),
        "NFC" => new UnicodeNormalizer(UnicodeForm.Nfc),
        "NFD" => new UnicodeNormalizer(UnicodeForm.Nfd),
        "NFKC" => new UnicodeNormalizer(UnicodeForm.Nfkc),
        "NFKD" => new UnicodeNormalizer(UnicodeForm.Nfkd),
        "Lowercase" => RuneMapNormalizer.Lowercase,
        "StripAccents" => RuneMapNormalizer.StripMarks,
        "Nmt" => RuneMapNormalizer.Nmt,
        "Precompiled" => new PrecompiledNormalizer(json.GetProperty("precompiled_charsmap").GetBytesFromBase64()),
        "Strip" => new StripNormalizer(json.Flag("strip_left"), json.Flag("strip_right")),
        "Prepend" => new PrependNormalizer(json.GetProperty("prepend").GetString()!),
        "Replace" => new ReplaceNormalizer(json.Pattern(), json.GetProperty("content").GetString()!),
        "ByteLevel" => new ByteLevelNormalizer(),
        "BertNormalizer" => new BertNormalizer(
            json.Flag("clean_text"), json.Flag("handle_chinese_chars"), json.Property("strip_accents")?.GetBoolean(), json.Flag("lowercase")),
        var kind => throw new NotSupportedException($"Tokenizer normalizer '{kind}' is not supported."),
    };
}
