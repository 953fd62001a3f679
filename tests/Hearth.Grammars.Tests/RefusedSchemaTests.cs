namespace Hearth.Grammars.Tests;

/// <summary>What cannot be done is refused with its place; hostile schemas end soon.</summary>
public sealed class RefusedSchemaTests
{
    [Theory]
    [InlineData("""{"not":{"type":"string"}}""", "/not")]
    [InlineData("""{"type":"object","properties":{"a":{"if":{}}}}""", "/properties/a/if")]
    [InlineData("""{"type":"array","uniqueItems":true}""", "/uniqueItems")]
    [InlineData("""{"type":"array","contains":{}}""", "/contains")]
    [InlineData("""{"type":"string","minLenght":3}""", "/minLenght")]
    [InlineData("""{"type":"text"}""", "/type")]
    [InlineData("""{"type":"string","pattern":"(a)\\1"}""", "/pattern")]
    [InlineData("""{"type":"string","pattern":"(?=a)b"}""", "/pattern")]
    [InlineData("""{"type":"string","pattern":"a{2"}""", "/pattern")]
    [InlineData("""{"type":"string","pattern":"\\bword"}""", "/pattern")]
    [InlineData("""{"type":"string","pattern":"[z-a]"}""", "/pattern")]
    [InlineData("""{"type":"string","minLength":-1}""", "/minLength")]
    [InlineData("""{"type":"integer","minimum":"3"}""", "/minimum")]
    [InlineData("""{"type":"integer","multipleOf":0}""", "/multipleOf")]
    [InlineData("""{"$ref":"https://example.org/schema"}""", "/$ref")]
    [InlineData("""{"$ref":"#/$defs/missing"}""", "/$ref")]
    [InlineData("""{"$ref":"#"}""", "")]
    [InlineData("""{"anyOf":[{"$ref":"#"},{"type":"string"}]}""", "")]
    [InlineData("""{"anyOf":[]}""", "/anyOf")]
    [InlineData("""{"enum":[]}""", "/enum")]
    [InlineData("""{"oneOf":[{"type":"integer"},{"type":"number"}]}""", "/oneOf")]
    [InlineData("""{"properties":3}""", "/properties")]
    [InlineData("""{"type":"array","items":5}""", "/items")]
    [InlineData("[]", "")]
    [InlineData("{", "")]
    [InlineData("""{"const":"\ud800"}""", "")]
    public void A_schema_is_refused_at_its_fault(string schema, string path)
    {
        var refused = Assert.Throws<GrammarException>(() => JsonSchemaGrammar.Compile(schema));
        Assert.Equal(path, refused.Path);
        Assert.EndsWith(".", refused.Message);
    }

    [Theory]
    [InlineData("false")]
    [InlineData("""{"type":"string","minLength":3,"maxLength":2}""")]
    [InlineData("""{"type":"integer","minimum":3,"maximum":2}""")]
    [InlineData("""{"type":"string","enum":[1,2]}""")]
    [InlineData("""{"allOf":[{"type":"string"},{"type":"integer"}]}""")]
    [InlineData("""{"type":"object","required":["a"],"additionalProperties":false}""")]
    [InlineData("""{"type":"array","items":false,"minItems":1}""")]
    [InlineData("""{"type":"object","properties":{"next":{"$ref":"#"}},"required":["next"]}""")]
    [InlineData("""{"$defs":{"a":{"type":"array","items":{"$ref":"#/$defs/b"},"minItems":1},"b":{"type":"object","properties":{"a":{"$ref":"#/$defs/a"}},"required":["a"]}},"$ref":"#/$defs/a"}""")]
    public void A_schema_without_any_finite_value_is_refused(string schema) =>
        Assert.Contains("Nothing finite", Assert.Throws<GrammarException>(() => JsonSchemaGrammar.Compile(schema)).Message);

    public static TheoryData<string, string> Hostile => new()
    {
        { "alternatives multiply", $$"""{"allOf":[{{string.Join(',', Enumerable.Range(0, 30).Select(i => $$"""{"anyOf":[{"minLength":{{i}} },{"maxLength":{{i + 100}} },{"type":"string"}]}"""))}}]}""" },
        { "nested alternatives", Enumerable.Range(0, 40).Aggregate("""{"type":"string"}""", (inner, _) => $$"""{"anyOf":[{{inner}},{"type":"integer"}]}""") },
        { "refs double", $$"""{"$defs":{"d0":{"type":"string"},{{string.Join(',', Enumerable.Range(1, 40).Select(i => $$"""
            "d{{i}}":{"anyOf":[{"$ref":"#/$defs/d{{i - 1}}"},{"$ref":"#/$defs/d{{i - 1}}"}]}
            """))}} },"$ref":"#/$defs/d40"}""" },
        { "allOf doubles", $$"""{"$defs":{"d0":{"type":"object","properties":{"a":{"$ref":"#/$defs/d40"} } },{{string.Join(',', Enumerable.Range(1, 40).Select(i => $$"""
            "d{{i}}":{"allOf":[{"$ref":"#/$defs/d{{i - 1}}"},{"$ref":"#/$defs/d{{i - 1}}"}]}
            """))}} },"$ref":"#/$defs/d40"}""" },
        { "deep", string.Concat(Enumerable.Repeat("""{"items":""", 99)) + "{}" + new string('}', 99) },
        { "too deep", string.Concat(Enumerable.Repeat("""{"items":""", 5000)) + "{}" + new string('}', 5000) },
        { "long", $$"""{"type":"string","minLength":1000000000}""" },
        { "longer", $$"""{"type":"string","minLength":99999999999999999999}""" },
        { "many items", """{"type":"array","items":{"type":"array","minItems":1000000},"minItems":100000000,"maxItems":1000000000}""" },
        { "counts multiply", """{"type":"string","pattern":"((a{1,1000}){1,1000}){1,1000}"}""" },
        { "empty counts multiply", """{"type":"string","pattern":"((((((a?){99}){99}){99}){99}){99}){99}"}""" },
        { "nested groups", $$"""{"type":"string","pattern":"{{new string('(', 5000)}}a{{new string(')', 5000)}}"}""" },
        { "ambiguous pattern", """{"type":"string","pattern":"^(a|a|aa|a*)*(a|a|aa|a*)*b$"}""" },
        { "pattern and length", """{"type":"string","pattern":"^([a-z]{1,50}){1,50}$","maxLength":100000}""" },
        { "patterns multiply", $$"""{"allOf":[{{string.Join(',', Enumerable.Range(0, 8).Select(i => $$"""{"pattern":"{{(char)('a' + i)}}.{10}$"}"""))}}],"type":"string"}""" },
        { "wide bounds", $$"""{"type":"number","minimum":-1e300,"maximum":1e-300}""" },
        { "long bounds", $$"""{"type":"number","minimum":0.{{new string('1', 300)}},"maximum":{{new string('9', 300)}}.5}""" },
        { "remainders", """{"type":"integer","multipleOf":9973,"minimum":1,"maximum":999999999999999}""" },
        { "mutual recursion", """{"$defs":{"a":{"allOf":[{"$ref":"#/$defs/b"}]},"b":{"anyOf":[{"$ref":"#/$defs/a"}]}},"$ref":"#/$defs/a"}""" },
        { "many properties", $$"""{"type":"object","properties":{ {{string.Join(',', Enumerable.Range(0, 5000).Select(i => $$"""
            "property number {{i}}":{"type":"string"}
            """))}} },"additionalProperties":{"type":"integer"} }""" },
        { "many values", $$"""{"enum":[{{string.Join(',', Enumerable.Range(0, 20_000))}}]}""" },
        { "ambiguous objects", $$"""{"anyOf":[{{string.Join(',', Enumerable.Range(0, 200).Select(i => $$"""{"type":"object","properties":{"a":{"type":"object","properties":{"x{{i}}":{"type":"string"} } },"b{{i}}":{} } }"""))}}]}""" },
        { "names of one object", """{"type":"object","properties":{"a":{"type":"string"}},"additionalProperties":true,"patternProperties":{".*":{}}}""" },
    };

    [Theory, MemberData(nameof(Hostile))]
    public void A_hostile_schema_is_compiled_or_refused_soon_and_so_are_its_masks(string name, string schema)
    {
        TestContext.Current.TestOutputHelper?.WriteLine(name);
        var clock = System.Diagnostics.Stopwatch.StartNew();
        try
        {
            var automaton = Texts.Automaton(schema);
            var state = automaton.Start;
            // Follow the last allowed token: deep into the grammar. A mask that is given up says why.
            for (int step = 0; step < 200 && state.Mask.Fault is null && state.Mask.HasTokens; step++)
                state = state.Advance(Enumerable.Range(0, 256).Last(state.Mask.Allows));
        }
        catch (GrammarException e)
        {
            Assert.EndsWith(".", e.Message);
        }
        TestContext.Current.TestOutputHelper?.WriteLine($"{clock.ElapsedMilliseconds} ms");
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20), $"it took {clock.Elapsed}"); // some have to be 100 times faster; this machine may be busy
    }
}
