namespace Hearth.Tokenization;

/// <summary>Tokens to statements, by the grammar of jinja2's parser.py.</summary>
internal sealed partial class Parser
{
    private readonly List<Token> _tokens;
    private readonly Stack<HashSet<string>> _usedNames = new();
    private int _position;
    private int _loops;

    private Parser(string source)
    {
        _tokens = Lexer.Tokenize(source);
        _usedNames.Push([]);
    }

    public bool HasGeneration { get; private set; }

    private Token Current => _tokens[_position];

    public static (Block Body, bool HasGeneration) Parse(string source)
    {
        var parser = new Parser(source);
        var body = parser.ParseBody();
        if (parser.Current.Kind != TokenKind.End) throw parser.Error($"Encountered unknown tag '{parser.PeekTag()}'.");
        return (body, parser.HasGeneration);
    }

    /// <summary>Reads up to a tag of one of these names, which stays unread behind its opening.</summary>
    private Block ParseBody(params string[] until)
    {
        RenderBudget.Descend();
        var statements = new List<Statement>();
        while (Current.Kind != TokenKind.End)
        {
            if (Current.Kind == TokenKind.BlockStart && until.Contains(PeekTag())) return new Block(statements);
            statements.Add(ParsePart());
        }

        if (until.Length > 0) throw Error($"Unexpected end of template. Looking for '{string.Join("' or '", until)}'.");
        return new Block(statements);
    }

    private Statement ParsePart()
    {
        var token = Advance();
        switch (token.Kind)
        {
            case TokenKind.Data:
                return new Data(token.Text);
            case TokenKind.OutputStart:
                var value = ParseTuple();
                Expect(TokenKind.OutputEnd);
                return new Output(value);
            default:
                return ParseTag();
        }
    }

    private Statement ParseTag()
    {
        var tag = ExpectName();
        switch (tag)
        {
            case "if": return ParseIf();
            case "for": return ParseFor();
            case "set": return ParseSet();
            case "macro": return ParseMacro();
            case "call": return ParseCall();
            case "with": return ParseWith();
            case "break" or "continue": return ParseJump(tag);
            case "generation":
                HasGeneration = true;
                return new Generation(ParseToEnd("endgeneration"));
            case "filter":
                var filtered = ParseFilterChain();
                return new FilterBlock(ParseToEnd("endfilter"), filtered);
            case "autoescape":
                var enabled = ParseExpression();
                return new AutoEscape(enabled, ParseToEnd("endautoescape"));
            case "block":
                ExpectName();
                return new Scoped(ParseToEnd("endblock"));
            case "include" or "import" or "from" or "extends":
                throw Error($"'{tag}' is refused: a chat template stands alone.");
            default:
                throw Error($"Encountered unknown tag '{tag}'.");
        }
    }

    private If ParseIf()
    {
        var branches = new List<(Expression, Block)>();
        string tag;
        do
        {
            var test = ParseTuple(withCondition: false);
            EndBlock();
            branches.Add((test, ParseBody("elif", "else", "endif")));
            tag = EnterTag();
        }
        while (tag == "elif");

        Block? otherwise = null;
        if (tag == "else")
        {
            EndBlock();
            otherwise = ParseBody("endif");
            EnterTag();
        }

        EndBlock();
        return new If(branches, otherwise);
    }

    private For ParseFor()
    {
        var target = ParseTarget(isLoop: true);
        ExpectOperator("in");
        var iterable = ParseTuple(withCondition: false, stopAt: "recursive");
        var filter = Accept("if") ? ParseExpression() : null;
        var isRecursive = Accept("recursive");
        EndBlock();
        _loops++;
        var body = ParseBody("endfor", "else");
        _loops--;
        Block? otherwise = null;
        if (EnterTag() == "else")
        {
            EndBlock();
            otherwise = ParseBody("endfor");
            EnterTag();
        }

        EndBlock();
        return new For(target, iterable, filter, body, otherwise, isRecursive);
    }

    private Statement ParseSet()
    {
        var target = ParseTarget(isLoop: false);
        if (Accept("="))
        {
            var value = ParseTuple();
            EndBlock();
            return new Set(target, value);
        }

        var filtered = Current.Is("|") ? ParseFilters() : value => value;
        return new SetBlock(target, ParseToEnd("endset"), filtered);
    }

    private MacroDefinition ParseMacro()
    {
        var name = ExpectName();
        var parameters = ParseParameters();
        return ParseMacroBody(name, parameters, "endmacro");
    }

    private CallBlock ParseCall()
    {
        var parameters = Current.Is("(") ? ParseParameters() : [];
        if (ParseExpression() is not Call call) throw Error("expected a call");
        return new CallBlock(call, ParseMacroBody("caller", parameters, "endcall"));
    }

    private MacroDefinition ParseMacroBody(string name, IReadOnlyList<(string, Expression?)> parameters, string end)
    {
        _usedNames.Push([]);
        var loops = _loops;
        _loops = 0;
        var body = ParseToEnd(end);
        _loops = loops;
        return new MacroDefinition(name, parameters, body, _usedNames.Pop());
    }

    private List<(string Name, Expression? Default)> ParseParameters()
    {
        var parameters = new List<(string, Expression?)>();
        ExpectOperator("(");
        while (!Accept(")"))
        {
            if (parameters.Count > 0) ExpectOperator(",");
            var name = ExpectName();
            parameters.Add((name, Accept("=") ? ParseExpression() : null));
        }

        return parameters;
    }

    private With ParseWith()
    {
        var assignments = new List<(Target, Expression)>();
        while (Current.Kind != TokenKind.BlockEnd)
        {
            if (assignments.Count > 0) ExpectOperator(",");
            var target = ParseTarget(isLoop: false);
            ExpectOperator("=");
            assignments.Add((target, ParseExpression()));
        }

        return new With(assignments, ParseToEnd("endwith"));
    }

    private Jump ParseJump(string tag)
    {
        if (_loops == 0) throw Error($"'{tag}' outside of a loop");
        EndBlock();
        return new Jump(tag == "break" ? Flow.Break : Flow.Continue);
    }

    private Target ParseTarget(bool isLoop)
    {
        var parts = new List<Target> { ParseTargetPart(isLoop) };
        var isTuple = false;
        while (Accept(","))
        {
            isTuple = true;
            if (Current.Is("in") || Current.Is("=")) break;
            parts.Add(ParseTargetPart(isLoop));
        }

        return isTuple ? new TupleTarget(parts) : parts[0];
    }

    private Target ParseTargetPart(bool isLoop)
    {
        if (Accept("("))
        {
            var inner = ParseTarget(isLoop);
            ExpectOperator(")");
            return inner;
        }

        var name = ExpectName();
        if (name is "true" or "false" or "none" or "True" or "False" or "None") throw Error($"can't assign to '{name}'");
        return !isLoop && Accept(".") ? new NamespaceTarget(name, ExpectName()) : new NameTarget(name);
    }

    private Block ParseToEnd(string end)
    {
        EndBlock();
        var body = ParseBody(end);
        EnterTag();
        if (end == "endblock" && Current.Kind == TokenKind.Name) Advance();
        EndBlock();
        return body;
    }

    private string PeekTag() => Current.Kind == TokenKind.BlockStart && _position + 1 < _tokens.Count ? _tokens[_position + 1].Text : Current.Text;

    /// <summary>Reads the opening and the name of a tag.</summary>
    private string EnterTag()
    {
        Expect(TokenKind.BlockStart);
        return ExpectName();
    }

    private void EndBlock() => Expect(TokenKind.BlockEnd);

    private Token Advance() => _tokens[_position++];

    private bool Accept(string text)
    {
        if (!Current.Is(text)) return false;
        _position++;
        return true;
    }

    private Token Expect(TokenKind kind) => Current.Kind == kind ? Advance() : throw Error($"unexpected '{Current.Text}'");

    private string ExpectName() => Expect(TokenKind.Name).Text;

    private void ExpectOperator(string text)
    {
        if (!Accept(text)) throw Error($"expected '{text}', got '{Current.Text}'");
    }

    private ChatTemplateException Error(string message) => ChatTemplateException.Syntax(message, Current.Line);
}
