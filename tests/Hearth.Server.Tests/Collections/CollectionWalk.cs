using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Xunit;

namespace Hearth.Server.Tests;

/// <summary>
/// Random operations on one collection of a real server, compared after each answer with an in-memory twin. The walk stops at the first difference:
/// what it prints then, the seed and the operations so far, is the shortest prefix that shows it.
/// </summary>
public sealed partial class CollectionWalk
{
    private readonly Collection _collection;
    private readonly ContractDocument _document;
    private readonly CollectionContract _contract;
    private readonly Stage _stage;
    private readonly Random _random;
    private readonly RandomValues _values;
    private readonly int _seed;
    private readonly List<string> _log = [];
    private readonly HashSet<string> _refused = [];
    private readonly Dictionary<string, JsonObject> _twin = [];     // by key: the last full answer
    private readonly Dictionary<string, JsonObject> _set = [];      // by key: what the client set
    private readonly Dictionary<string, JsonObject> _deleted = [];  // soft-deleted: what the client had set
    private readonly HashSet<string> _used = [];                    // ids that were ever tried
    private readonly HashSet<string> _untouchable = [];             // was there before the walk
    private int _most = 25;
    private bool _learning = true;

    public CollectionWalk(Collection collection, ContractDocument document, Stage stage, int seed)
    {
        (_collection, _document, _stage, _seed) = (collection, document, stage, seed);
        _contract = new(document, collection);
        _random = new Random(seed);
        _values = new(_contract, collection, stage, _random);
    }

    public async Task RunAsync(int operations, int restarts)
    {
        try
        {
            foreach (var one in await EverythingAsync()) await TakeAsync(KeyOf(one), one, []);
            if (_contract.CanCreate) _untouchable.UnionWith(_twin.Keys);
            await TryFieldsAsync();
            for (var i = 0; i < operations; i++)
            {
                await StepAsync();
                if (restarts > 0 && i % (operations / restarts) == operations / restarts - 1) await RestartAsync();
            }
            await CheckAllAsync();
        }
        catch (Exception failure)
        {
            throw new InvalidOperationException($"{_collection}, seed {_seed}, after {_log.Count} requests: {failure.Message}\n{string.Join('\n', _log)}", failure);
        }
    }

    /// <summary>Sends each settable field alone: it must come back as it was sent, or be refused by its name; so must a change of what cannot change.</summary>
    private async Task TryFieldsAsync()
    {
        var problems = new List<string>();
        _values.OnlyTrue = true; // what is not done yet is refused where it is asked for
        foreach (var field in _contract.CreateFields.Where(field => !_collection.Apart.ContainsKey(field.Name)))
        {
            if (Body([field]) is not { } body) continue;
            var answer = await CreateAsync(body, NewId());
            problems.AddRange(Outcome(field, body[field.Name], answer, "create"));
            if (answer.Status == 501) _refused.Add(field.Name);
            if (answer.Status == 200) await DropAsync(answer.Body, body);
        }
        foreach (var field in _contract.PatchFields.Where(field => !_collection.Apart.ContainsKey(field.Name)))
        {
            var subject = _contract.CanCreate ? await CreatedAsync() : _twin[Any(_twin.Keys)];
            var patch = new JsonObject { [field.Name] = _values.Next(field.Name, field.Schema) };
            _collection.FitPatch(patch, subject);
            var answer = await SendAsync("PATCH", ItemAddress(KeyOf(subject)), patch.DeepClone().AsObject());
            problems.AddRange(Outcome(field, patch[field.Name], answer, "patch"));
            if (_contract.CanCreate) await DropAsync(subject, []);
            else await TakeAsync(KeyOf(subject), answer.Body, patch);
        }
        Require(problems.Count == 0, string.Join('\n', problems));
        (_values.OnlyTrue, _learning) = (false, false);
        _most += _twin.Count;
        _log.Clear();
        if (!_contract.CanDelete && _contract.CanCreate) await AdoptAsync();
    }

    private async Task<JsonObject> CreatedAsync()
    {
        var created = await CreateAsync(Body([])!, NewId());
        Require(created.Status == 200, $"a minimal create was answered {created.Status} {created.Message}");
        return created.Body;
    }

    /// <summary>Deletes what a try has made; where nothing can be deleted, it stays.</summary>
    private async Task DropAsync(JsonObject made, JsonObject set)
    {
        if (_contract.CanDelete) await DeleteAsync(KeyOf(made));
        else _set[KeyOf(made)] = set;
    }

    private async Task AdoptAsync()
    {
        foreach (var one in await EverythingAsync()) await TakeAsync(KeyOf(one), one, _set.GetValueOrDefault(KeyOf(one), []));
    }

    private IEnumerable<string> Outcome(SettableField field, JsonNode? sent, Answer answer, string verb)
    {
        var what = $"{verb} {field.Name} = {sent?.ToJsonString()}";
        var mayRefuse = answer.Status == 501 || (verb == "patch" && answer.Status == 400 && _collection.Fixed.Contains(field.Name));
        if (mayRefuse && answer.Message.Contains(field.Name, StringComparison.Ordinal)) yield break;
        if (answer.Status != 200) yield return $"{what}: {answer.Status} {answer.Message}";
        else if (_contract.Answers(field.Name) && !Same.Holds(answer.Body[field.Name], sent)) yield return $"{what} was answered as {answer.Body[field.Name]?.ToJsonString() ?? "nothing"}";
    }

    private Task StepAsync() => _random.Next(20) switch
    {
        < 5 when _contract.CanCreate && _twin.Count < _most => CreateAnyAsync(),
        5 when _contract.CanCreate => CreateTakenAsync(),
        6 when _contract.CanCreate => CreateWrongAsync(),
        < 9 when _contract.CanGet => GetAsync(),
        9 when _contract.CanGet => AbsentAsync(),
        < 14 when _contract.CanPatch => PatchAsync(),
        < 16 when _contract.CanDelete => DeleteAsync(),
        16 when _collection.SoftDelete => UndeleteAsync(),
        17 when _contract.CanCreate => ListWhileChangingAsync(),
        _ => ListAsync(),
    };

    private async Task CreateAnyAsync()
    {
        var id = _collection.IdField is null || (_collection.IdOptional && _random.Next(4) == 0) ? null : NewId();
        if (Body(AnyFields(_contract.CreateFields)) is not { } body) return;
        var answer = await CreateAsync(body.DeepClone().AsObject(), id);
        Require(answer.Status == 200, $"a legal create was answered {answer.Status} {answer.Message}");
        Validate("POST", _contract.CreatePath, answer);
        if (id is not null) Require(KeyOf(answer.Body) == FullName(id), $"the new resource is named {KeyOf(answer.Body)}");
        Require(!_twin.ContainsKey(KeyOf(answer.Body)), "the server chose a name that is taken");
        RequireSet(answer.Body, body);
        await TakeAsync(KeyOf(answer.Body), answer.Body, body);
    }

    private async Task CreateTakenAsync()
    {
        if (_collection.IdField is null || _twin.Count + _deleted.Count == 0 || Body([]) is not { } body) return;
        var key = Any(_twin.Keys.Concat(_deleted.Keys));
        var answer = await CreateAsync(body, key.Split('/')[^1]);
        Require(answer.Status == 409 && answer.Body["code"]?.GetValue<int>() == 6, $"creating a taken id was answered {answer.Status} {answer.Message}");
        Require(answer.ShouldRetry == "false", "409 for a taken id does not say x-should-retry: false");
    }

    private async Task CreateWrongAsync()
    {
        if (Body([]) is not { } body) return;
        if (_collection.IdField is not null && _random.Next(2) == 0)
        {
            var bad = _values.BadId();
            var answer = await CreateAsync(body, bad);
            Require(answer.Status == 400 && answer.Message.Contains(bad, StringComparison.Ordinal), $"the id '{bad}' was answered {answer.Status} {answer.Message}");
            return;
        }
        body["bananaCount"] = 3;
        var refused = await CreateAsync(body, _collection.IdField is null ? null : NewId());
        Require(refused.Status == 400 && refused.Message.Contains("bananaCount", StringComparison.Ordinal), $"an unknown field was answered {refused.Status} {refused.Message}");
    }

    private async Task GetAsync()
    {
        if (_twin.Count == 0) return;
        var key = Any(_twin.Keys);
        var paths = RandomQuery.Paths(_contract, _collection);
        var mask = _random.Next(3) > 0 ? [] : Enumerable.Range(0, 2).Select(_ => paths[_random.Next(paths.Count)]).ToList();
        var answer = await SendAsync("GET", ItemAddress(key) + (mask.Count == 0 ? "" : "?readMask=" + string.Join(',', mask.Select(path => string.Join('.', path)))));
        Require(answer.Status == 200, $"get was answered {answer.Status} {answer.Message}");
        if (mask.Count == 0) Validate("GET", _contract.ItemPath, answer);
        RequireSame(answer.Body, mask.Count == 0 ? _twin[key] : RandomQuery.Masked(_twin[key], mask));
    }

    private async Task AbsentAsync()
    {
        var key = _deleted.Count > 0 && _random.Next(2) == 0 ? Any(_deleted.Keys) : FullName(NewId());
        var verbs = new List<string> { "GET" };
        if (_contract.CanPatch) verbs.Add("PATCH");
        if (_contract.CanDelete && _collection.DeleteVerb is null) verbs.Add("DELETE");
        var verb = verbs[_random.Next(verbs.Count)];
        var answer = await SendAsync(verb, ItemAddress(key), verb == "PATCH" ? [] : null);
        Require(answer.Status == 404 && answer.Body["code"]?.GetValue<int>() == 5, $"{verb} of an absent resource was answered {answer.Status} {answer.Message}");
    }

    private async Task PatchAsync()
    {
        var own = _twin.Keys.Where(key => !_untouchable.Contains(key)).ToList();
        if (own.Count == 0) return;
        var key = Any(own);
        var fields = AnyFields(_contract.PatchFields).Where(field => !_collection.Fixed.Contains(field.Name));
        var patch = new JsonObject(fields.Select(field => KeyValuePair.Create(field.Name, _values.Next(field.Name, field.Schema))));
        _collection.FitPatch(patch, _twin[key]);
        var answer = await SendAsync("PATCH", ItemAddress(key), Respelled(patch, _contract.PatchFields));
        Require(answer.Status == 200, $"a legal patch was answered {answer.Status} {answer.Message}");
        Validate("PATCH", _contract.ItemPath, answer);
        RequireSet(answer.Body, patch);
        var replaced = _collection.OneOf.Any(patch.ContainsKey) ? _collection.OneOf : [];
        foreach (var (field, before) in _twin[key])
        {
            if (patch.ContainsKey(field) || field == "updateTime" || _collection.Moving.Contains(field) || _collection.Drifting.Contains(field) || _collection.Following.Contains(field) || replaced.Contains(field)) continue;
            Require(JsonNode.DeepEquals(answer.Body[field], before), $"{field} was not in the patch, but changed from {before?.ToJsonString()} to {answer.Body[field]?.ToJsonString()}");
        }
        var all = _set[key].DeepClone().AsObject();
        foreach (var field in replaced.Where(field => !patch.ContainsKey(field)))
        {
            Require(answer.Body[field] is null, $"{field} stayed beside what replaced it");
            all.Remove(field);
        }
        foreach (var (field, value) in patch) all[field] = value?.DeepClone();
        await TakeAsync(key, answer.Body, all);
    }

    private async Task DeleteAsync()
    {
        var own = _twin.Keys.Where(key => !_untouchable.Contains(key)).ToList();
        if (own.Count == 0) return;
        var key = Any(own);
        var answer = await DeleteAsync(key);
        Require(answer.Status == 200 && answer.Body.Count == 0, $"delete was answered {answer.Status} {answer.Message}");
        _twin.Remove(key);
        _set.Remove(key, out var had);
        if (_collection.SoftDelete) _deleted[key] = had!;
        if (_collection.Moving.Count > 0) await RefreshAsync();
    }

    private async Task<Answer> DeleteAsync(string key)
    {
        var answer = _collection.DeleteVerb is { } verb
            ? await SendAsync("POST", ListAddress + verb, new() { [_collection.Key] = key })
            : await SendAsync("DELETE", ItemAddress(key) + _collection.DeleteQuery);
        while (_collection.GoesLater && (await SendAsync("GET", ItemAddress(key), log: false)).Status != 404) await Task.Delay(1);
        return answer;
    }

    private async Task UndeleteAsync()
    {
        if (_deleted.Count == 0) return;
        var key = Any(_deleted.Keys);
        var answer = await SendAsync("POST", ItemAddress(key) + ":undelete", []);
        Require(answer.Status == 200, $"undelete was answered {answer.Status} {answer.Message}");
        _deleted.Remove(key, out var had);
        RequireSet(answer.Body, had!);
        await TakeAsync(key, answer.Body, had!);
    }

    private async Task ListAsync()
    {
        var query = RandomQuery.Of(_contract, _collection, [.. _twin.Values], _random);
        var (size, found) = (_random.Next(1, 30), new List<JsonObject>());
        var token = "";
        do
        {
            if (found.Count > 0 && _collection.Moving.Count == 0 && _random.Next(80) == 0) await RestartAsync(); // a page token outlives its server
            var answer = await SendAsync("GET", $"{ListAddress}?pageSize={size}&pageToken={token}{query.Text}");
            Require(answer.Status == 200, $"list was answered {answer.Status} {answer.Message}");
            if (!query.Text.Contains("readMask", StringComparison.Ordinal)) Validate("GET", _contract.ListPath, answer);
            var page = Items(answer);
            Require(page.Count <= size, $"a page of {size} has {page.Count} resources");
            found.AddRange(page);
            token = answer.Body["nextPageToken"]!.GetValue<string>();
            Require(answer.Body["totalSize"]?.GetValue<int>() == query.Expected.Count, $"totalSize is {answer.Body["totalSize"]}, but {query.Expected.Count} resources match");
            Require(token == "" || page.Count > 0, "an empty page has a successor");
        }
        while (token != "");
        Require(found.Count == query.Expected.Count, $"the list has {found.Count} resources [{Names(found)}], but {query.Expected.Count} match [{Names(query.Expected)}]");
        foreach (var (one, expected) in found.Zip(query.Expected)) RequireSame(one, expected);
    }

    /// <summary>What is there from the first page to the last is in one page, whatever comes and goes between them.</summary>
    private async Task ListWhileChangingAsync()
    {
        var (before, size) = (_twin.Keys.ToHashSet(), _random.Next(2, 10));
        var (found, token) = (new List<string>(), "");
        do
        {
            if (found.Count > 0) await (_contract.CanDelete && _random.Next(2) == 0 ? DeleteAsync() : CreateAnyAsync());
            var answer = await SendAsync("GET", $"{ListAddress}?pageSize={size}&pageToken={token}");
            Require(answer.Status == 200, $"list was answered {answer.Status} {answer.Message}");
            found.AddRange(Items(answer).Select(KeyOf));
            token = answer.Body["nextPageToken"]!.GetValue<string>();
        }
        while (token != "");
        Require(found.Distinct().Count() == found.Count, $"a resource is in two pages: {string.Join(' ', found)}");
        var lost = before.Where(_twin.ContainsKey).Except(found).ToList();
        Require(lost.Count == 0, $"in no page: {string.Join(' ', lost)}");
    }

    private async Task RestartAsync()
    {
        _log.Add("(restart)");
        await _stage.RestartAsync();
        if (_collection.Moving.Count > 0) await RefreshAsync();
    }

    /// <summary>Every resource once more, by list and by get.</summary>
    private async Task CheckAllAsync()
    {
        await RestartAsync();
        var listed = await EverythingAsync();
        Require(listed.Count == _twin.Count, $"the list has {listed.Count} resources, the twin {_twin.Count}");
        foreach (var one in listed) RequireSame(one, _twin[KeyOf(one)]);
        if (!_contract.CanGet) return;
        foreach (var (key, expected) in _twin) RequireSame((await SendAsync("GET", ItemAddress(key))).Body, expected);
    }

    // The answer to a create or patch must be what a get then says, but for fields shown once.
    private async Task TakeAsync(string key, JsonObject answered, JsonObject set)
    {
        var seen = answered;
        if (_contract.CanGet)
        {
            var answer = await SendAsync("GET", ItemAddress(key));
            Require(answer.Status == 200, $"get was answered {answer.Status} {answer.Message}");
            seen = answer.Body;
            foreach (var (field, value) in answered.Where(field => !_collection.Once.Contains(field.Key) && !_collection.Moving.Contains(field.Key) && !_collection.Drifting.Contains(field.Key) && _contract.Answers(field.Key)))
                Require(JsonNode.DeepEquals(seen[field], value), $"{field} was answered as {value?.ToJsonString()}, but a get says {seen[field]?.ToJsonString()}");
        }
        seen = seen.DeepClone().AsObject();
        foreach (var field in _collection.Once) seen[field] = Blank(seen[field]);
        _twin[key] = seen;
        _set[key] = set;
        if (_collection.Moving.Count > 0) await RefreshAsync();
    }

    /// <summary>Reads again the fields that move on their own; the others must be as they were.</summary>
    private async Task RefreshAsync()
    {
        foreach (var one in await EverythingAsync())
        {
            if (!_twin.TryGetValue(KeyOf(one), out var known))
            {
                Require(_learning, $"{KeyOf(one)} came from nowhere");
                continue;
            }
            foreach (var field in _collection.Moving) known[field] = one[field]?.DeepClone();
        }
    }

    private async Task<List<JsonObject>> EverythingAsync()
    {
        var (all, token) = (new List<JsonObject>(), "");
        do
        {
            var answer = await SendAsync("GET", $"{ListAddress}?pageSize=200&pageToken={token}", log: false);
            Require(answer.Status == 200, $"list was answered {answer.Status} {answer.Message}");
            all.AddRange(Items(answer));
            token = answer.Body["nextPageToken"]!.GetValue<string>();
        }
        while (token != "");
        return all;
    }

    private Task<Answer> CreateAsync(JsonObject fields, string? id)
    {
        var body = Respelled(fields, _contract.CreateFields);
        var outer = _contract.CreateFields.Where(field => field.Outer && fields.ContainsKey(field.Name)).Select(field => field.Name).ToHashSet();
        if (_collection.Wrapper is { } wrapper)
        {
            var inner = new JsonObject(body.Where(field => !outer.Contains(field.Key)).Select(field => KeyValuePair.Create(field.Key, field.Value?.DeepClone())));
            body = new JsonObject(body.Where(field => outer.Contains(field.Key)).Select(field => KeyValuePair.Create(field.Key, field.Value?.DeepClone()))) { [wrapper] = inner };
        }
        if (_collection.IdField is not { } idField || id is null) return SendAsync("POST", Address(_contract.CreatePath), body);
        if (_collection.IdInQuery) return SendAsync("POST", $"{Address(_contract.CreatePath)}?{idField}={Uri.EscapeDataString(id)}", body);
        body[idField] = _collection.IdIsName ? FullName(id) : id;
        return SendAsync("POST", Address(_contract.CreatePath), body);
    }

    private JsonObject? Body(IEnumerable<SettableField> fields)
    {
        var wanted = _contract.CreateFields.Where(field => _collection.Always.Contains(field.Name)).Concat(fields).DistinctBy(field => field.Name);
        var body = new JsonObject(wanted.Select(field => KeyValuePair.Create(field.Name, _values.Next(field.Name, field.Schema))));
        return _collection.Fit(_stage, body, [.. _twin.Values], _random) ? body : null;
    }

    private List<SettableField> AnyFields(IReadOnlyList<SettableField> fields)
    {
        var share = _random.Next(4) switch { 0 => 0, 1 => 100, _ => 40 }; // nothing, everything, some
        return [.. fields.Where(field => !_refused.Contains(field.Name) && !_collection.Apart.ContainsKey(field.Name) && _random.Next(100) < share)];
    }

    private JsonObject Respelled(JsonObject body, IReadOnlyList<SettableField> fields)
    {
        if (_random.Next(3) > 0) return body.DeepClone().AsObject();
        var schemas = fields.ToDictionary(field => field.Name, field => field);
        return new(body.Select(field => schemas.TryGetValue(field.Key, out var known)
            ? KeyValuePair.Create(known.Outer ? field.Key : JsonNamingPolicy.SnakeCaseLower.ConvertName(field.Key), _values.SnakeCase(field.Value, known.Schema))
            : KeyValuePair.Create(field.Key, field.Value?.DeepClone())));
    }

    private void RequireSet(JsonObject answer, JsonObject set)
    {
        foreach (var (field, value) in set.Where(field => _contract.Answers(field.Key) && !_collection.Apart.ContainsKey(field.Key)))
            Require(Same.Holds(answer[field], value), $"{field} was set to {value?.ToJsonString()}, but answered as {answer[field]?.ToJsonString() ?? "nothing"}");
    }

    private void RequireSame(JsonObject found, JsonObject expected)
    {
        foreach (var (field, value) in expected.Where(field => !_collection.Drifting.Contains(field.Key))) Require(JsonNode.DeepEquals(found[field], value), $"{field} is {found[field]?.ToJsonString() ?? "absent"}, the twin has {value?.ToJsonString() ?? "null"} in {expected[_collection.Key]}");
        foreach (var (field, value) in found) Require(expected.ContainsKey(field) || (_collection.Once.Contains(field) && Blank(value)?.ToString() == value?.ToString()), $"{field} is {value?.ToJsonString()}, the twin has no such field");
    }

    private void Validate(string method, string path, Answer answer)
    {
        var problems = _document.Validate(method, path, JsonSerializer.SerializeToElement(answer.Body));
        Require(problems.Count == 0, string.Join('\n', problems));
    }

    private async Task<Answer> SendAsync(string method, string address, JsonObject? body = null, bool log = true)
    {
        using var request = new HttpRequestMessage(new(method), address) { Content = body is null ? null : new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json") };
        using var response = await _stage.Server.Http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        if (log) _log.Add($"{_log.Count + 1} {method} {Uri.UnescapeDataString(PageToken().Replace(address, "$1…"))} {body?.ToJsonString()} -> {(int)response.StatusCode}");
        return new((int)response.StatusCode, JsonNode.Parse(text)!.AsObject(), response.Headers.TryGetValues("x-should-retry", out var retry) ? retry.Single() : null);
    }

    private List<JsonObject> Items(Answer answer) => [.. answer.Body[_collection.Plural]!.AsArray().Select(item => item!.DeepClone().AsObject())];

    private string NewId()
    {
        while (true)
        {
            var id = _values.Id();
            if (_used.Add(id)) return id;
        }
    }

    private string ListAddress => Address(_contract.ListPath);

    private string ItemAddress(string key) => $"{Address(_contract.ItemPath[.._contract.ItemPath.LastIndexOf('/')])}/{key.Split('/')[^1]}";

    private string Address(string path) => Parameter().Replace(path, match => _collection.Parents.GetValueOrDefault(match.Groups[1].Value, "local"));

    private string FullName(string id) => $"{ListAddress["/v1/".Length..]}/{id}";

    private string KeyOf(JsonObject resource) => resource[_collection.Key]!.GetValue<string>();

    private string Names(IEnumerable<JsonObject> resources) => string.Join(' ', resources.Select(one => one[_collection.Key]?.ToString().Split('/')[^1] ?? "?"));

    private string Any(IEnumerable<string> keys)
    {
        var all = keys.Order(StringComparer.Ordinal).ToList();
        return all[_random.Next(all.Count)];
    }

    private static JsonNode? Blank(JsonNode? value) => value is JsonValue ? JsonValue.Create("") : null;

    private static void Require(bool holds, string otherwise)
    {
        if (!holds) throw new InvalidOperationException(otherwise);
    }

    [GeneratedRegex(@"\{(\w+)\}")]
    private static partial Regex Parameter();

    [GeneratedRegex("(pageToken=)[^&]+")]
    private static partial Regex PageToken();

    private sealed record Answer(int Status, JsonObject Body, string? ShouldRetry)
    {
        public string Message => Body["message"]?.ToString() ?? Body.ToJsonString();
    }
}
