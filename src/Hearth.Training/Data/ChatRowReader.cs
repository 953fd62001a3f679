using Hearth.Models;
namespace Hearth.Training;
internal sealed class ChatRowReader { public static ChatRowReader For(ModelFiles f, string? t, int c) => throw new NotImplementedException(); public List<TokenizedRow> ReadFile(string p) => throw new NotImplementedException(); }
