namespace Hearth.Tokenization;

/// <summary>Expressions, loosest binding first.</summary>
internal sealed partial class Parser
{
    private static readonly string[] Comparisons = ["==", "!=", "<", "<=", ">", ">="];

    private Expression ParseTuple(bool withCondition = true, string? stopAt = null)
    {
        var items = new List<Expression>();
        while (true)
        {
            if (items.Count > 0 && IsTupleEnd(stopAt)) break;
            items.Add(withCondition ? ParseExpression() : ParseOr());
            if (!Current.Is(",")) return items.Count == 1 ? items[0] : new ListLiteral(items, IsTuple: true);
            Advance();
        }

        return new ListLiteral(items, IsTuple: true);
    }

    private bool IsTupleEnd(string? stopAt) =>
        Current.Kind is TokenKind.OutputEnd or TokenKind.BlockEnd || Current.Is(")") || (stopAt is not null && Current.Is(stopAt));

    private Expression ParseExpression()
    {
        RenderBudget.Descend();
        var value = ParseOr();
        while (Accept("if"))
        {
            var test = ParseOr();
            value = new Conditional(test, value, Accept("else") ? ParseExpression() : null);
        }

        return value;
    }

    private Expression ParseOr()
    {
        var left = ParseAnd();
        while (Accept("or")) left = new Logical(IsAnd: false, left, ParseAnd());
        return left;
    }

    private Expression ParseAnd()
    {
        var left = ParseNot();
        while (Accept("and")) left = new Logical(IsAnd: true, left, ParseNot());
        return left;
    }

    private Expression ParseNot()
    {
        RenderBudget.Descend();
        return Accept("not") ? new Not(ParseNot()) : ParseComparison();
    }

    private Expression ParseComparison()
    {
        var first = ParseSum();
        var rest = new List<(string, Expression)>();
        while (ComparisonOperator() is { } operation) rest.Add((operation, ParseSum()));
        return rest.Count == 0 ? first : new Comparison(first, rest);
    }

    private string? ComparisonOperator()
    {
        if (Current.Kind == TokenKind.Operator && Comparisons.Contains(Current.Text)) return Advance().Text;
        if (Accept("in")) return "in";
        if (!Current.Is("not") || !_tokens[_position + 1].Is("in")) return null;
        _position += 2;
        return "not in";
    }

    private Expression ParseSum()
    {
        var left = ParseConcatenation();
        while (Current.Is("+") || Current.Is("-")) left = new Binary(Advance().Text, left, ParseConcatenation());
        return left;
    }

    private Expression ParseConcatenation()
    {
        var parts = new List<Expression> { ParseProduct() };
        while (Accept("~")) parts.Add(ParseProduct());
        return parts.Count == 1 ? parts[0] : new Concatenation(parts);
    }

    private Expression ParseProduct()
    {
        var left = ParsePower();
        while (Current.Is("*") || Current.Is("/") || Current.Is("//") || Current.Is("%"))
            left = new Binary(Advance().Text, left, ParsePower());
        return left;
    }

    private Expression ParsePower()
    {
        var left = ParseUnary();
        while (Accept("**")) left = new Binary("**", left, ParseUnary());
        return left;
    }

    private Expression ParseUnary(bool withFilters = true)
    {
        RenderBudget.Descend();
        Expression value;
        if (Current.Is("-") || Current.Is("+")) value = new Signed(Advance().Text == "-", ParseUnary(withFilters: false));
        else value = ParsePostfix(ParsePrimary());
        return withFilters ? ParseFiltersAndTests(value) : value;
    }

    private Expression ParsePrimary()
    {
        var token = Advance();
        switch (token.Kind)
        {
            case TokenKind.Name:
                return NameOrConstant(token.Text);
            case TokenKind.Integer or TokenKind.Float:
                return new Constant(token.Value);
            case TokenKind.Text:
                var text = (string)token.Value!;
                while (Current.Kind == TokenKind.Text) text += (string)Advance().Value!;
                return new Constant(text);
            case TokenKind.Operator when token.Text == "(":
                return ParseParenthesis();
            case TokenKind.Operator when token.Text == "[":
                return new ListLiteral(ParseItems("]", ParseExpression), IsTuple: false);
            case TokenKind.Operator when token.Text == "{":
                return new DictLiteral(ParseItems("}", ParseEntry));
            default:
                _position--;
                throw Error($"unexpected '{token.Text}', expected an expression");
        }
    }

    private Expression NameOrConstant(string name)
    {
        switch (name)
        {
            case "true" or "True": return new Constant(true);
            case "false" or "False": return new Constant(false);
            case "none" or "None": return new Constant(null);
            default:
                _usedNames.Peek().Add(name);
                return new Name(name);
        }
    }

    private Expression ParseParenthesis()
    {
        if (Accept(")")) return new ListLiteral([], IsTuple: true);
        var value = ParseTuple();
        ExpectOperator(")");
        return value;
    }

    private List<T> ParseItems<T>(string close, Func<T> parse)
    {
        var items = new List<T>();
        while (!Accept(close))
        {
            if (items.Count > 0) ExpectOperator(",");
            if (Accept(close)) break;
            items.Add(parse());
        }

        return items;
    }

    private (Expression, Expression) ParseEntry()
    {
        var key = ParseExpression();
        ExpectOperator(":");
        return (key, ParseExpression());
    }

    private Expression ParsePostfix(Expression value)
    {
        while (true)
        {
            if (Accept(".")) value = ParseDot(value);
            else if (Accept("[")) value = new GetItem(value, ParseSubscript());
            else if (Current.Is("(")) value = new Call(value, ParseArguments());
            else return value;
        }
    }

    private Expression ParseDot(Expression owner) => Current.Kind == TokenKind.Integer
        ? new GetItem(owner, new Constant(Advance().Value))
        : new GetAttribute(owner, ExpectName());

    private Expression ParseSubscript()
    {
        var start = Current.Is(":") ? null : ParseExpression();
        if (Accept("]")) return start!;
        ExpectOperator(":");
        var stop = Current.Is(":") || Current.Is("]") ? null : ParseExpression();
        var step = Accept(":") && !Current.Is("]") ? ParseExpression() : null;
        ExpectOperator("]");
        return new SliceLiteral(start, stop, step);
    }

    private Expression ParseFiltersAndTests(Expression value)
    {
        while (true)
        {
            if (Current.Is("|")) value = ParseFilters()(value);
            else if (Current.Kind == TokenKind.Name && Current.Text == "is") value = ParseTest(value);
            else if (Current.Is("(")) value = new Call(value, ParseArguments());
            else return value;
        }
    }

    /// <summary>| filter | filter ...</summary>
    private Func<Expression, Expression> ParseFilters()
    {
        ExpectOperator("|");
        return ParseFilterChain();
    }

    /// <summary>filter | filter ..., the first without a bar.</summary>
    private Func<Expression, Expression> ParseFilterChain()
    {
        var chain = new List<(string Name, ArgumentList Arguments)>();
        do
        {
            var name = ParseDottedName();
            if (!Filters.Exists(name)) throw Error($"No filter named '{name}'.");
            chain.Add((name, Current.Is("(") ? ParseArguments() : ArgumentList.None));
        }
        while (Accept("|"));

        return value => chain.Aggregate(value, (current, filter) => new FilterCall(current, filter.Name, filter.Arguments));
    }

    private Expression ParseTest(Expression value)
    {
        Advance();
        var isNegated = Accept("not");
        var name = ParseDottedName();
        if (!Tests.Exists(name)) throw Error($"No test named '{name}'.");
        Expression test = new TestCall(value, name, ParseTestArguments());
        return isNegated ? new Not(test) : test;
    }

    private ArgumentList ParseTestArguments()
    {
        if (Current.Is("(")) return ParseArguments();
        var begins = Current.Kind is TokenKind.Text or TokenKind.Integer or TokenKind.Float || Current.Is("[") || Current.Is("{")
            || (Current.Kind == TokenKind.Name && Current.Text is not ("else" or "or" or "and" or "if" or "is" or "in" or "not"));
        return begins ? new ArgumentList([ParsePostfix(ParsePrimary())], [], null, null) : ArgumentList.None;
    }

    private string ParseDottedName()
    {
        var name = ExpectName();
        while (Accept(".")) name += "." + ExpectName();
        return name;
    }

    private ArgumentList ParseArguments()
    {
        ExpectOperator("(");
        var positional = new List<Expression>();
        var named = new List<(string, Expression)>();
        Expression? starList = null, starDict = null;
        var isFirst = true;
        while (!Accept(")"))
        {
            if (!isFirst) ExpectOperator(",");
            isFirst = false;
            if (Accept(")")) break;
            if (Accept("*")) starList = ParseExpression();
            else if (Accept("**")) starDict = ParseExpression();
            else if (Current.Kind == TokenKind.Name && _tokens[_position + 1].Is("="))
            {
                var name = ExpectName();
                ExpectOperator("=");
                named.Add((name, ParseExpression()));
            }
            else if (named.Count > 0) throw Error("positional argument follows keyword argument");
            else positional.Add(ParseExpression());
        }

        return new ArgumentList(positional, named, starList, starDict);
    }
}
