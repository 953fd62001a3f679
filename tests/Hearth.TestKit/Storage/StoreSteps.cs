using Hearth.ControlPlane;

namespace Hearth.TestKit;

/// <summary>Draws the steps of a sequence: changes of all kinds, leases, the clock, and every read.</summary>
public sealed class StoreSteps(ulong seed)
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly Dice _dice = new(seed);

    public IReadOnlyList<StoreStep> Take(int count) => [.. Enumerable.Range(0, count).Select(Draw)];

    private StoreStep Draw(int number) => _dice.Next(10) switch
    {
        < 5 => Commit(number),
        5 => LeaseStep(),
        _ => Read(),
    };

    /// <summary>A change of one to four parts.</summary>
    private StoreStep Commit(int number)
    {
        var names = new HashSet<string>();
        var parts = Enumerable.Range(0, 1 + _dice.Next(4)).Select(_ => Part(number, names)).ToList();
        return new($"commit {string.Join(" + ", parts.Select(part => part.Text))}", async run =>
        {
            var change = new Change();
            foreach (var part in parts) await part.Add(run, change);
            await run.Store.CommitAsync(change, default);
            return "committed";
        });
    }

    private sealed record ChangePart(string Text, Func<StoreRun, Change, ValueTask> Add)
    {
        public static ChangePart Of(string text, Action<Change> add) => new(text, (_, change) =>
        {
            add(change);
            return ValueTask.CompletedTask;
        });
    }

    private ChangePart Part(int number, HashSet<string> names) => _dice.Next(16) switch
    {
        < 6 => Row(number, names),
        6 => Schedule(),
        7 => ClaimPart(),
        8 => OutboxPart(),
        9 => Settle(),
        10 => Audit(),
        11 or 12 => Usage(),
        13 => Process(),
        14 => Endpoint(),
        _ => Row(number, names),
    };

    private ChangePart Row(int number, HashSet<string> names)
    {
        var (name, kind) = (Name(), _dice.Next(5));
        var (stale, deleted) = (_dice.OneIn(8) ? 1 : 0, _dice.OneIn(4));
        string[] references = _dice.OneIn(3) ? [Name().Value, $"blobs/{_dice.Next(3)}"] : [];
        var minute = _dice.Next(20);
        if (!names.Add(name.Value)) return Audit(); // a change names a row once
        var text = $"{(kind < 2 ? "insert" : kind == 2 ? "delete" : "update")} {name.Id}{(stale > 0 ? " stale" : "")}{(deleted ? " soft-deleted" : "")} [{string.Join(' ', references)}]";
        return new(text, async (run, change) =>
        {
            var row = await run.Store.GetAsync(name.Value, default) ?? new(name, "", 1, Start.AddMinutes(minute), Start, "{}");
            var next = row with { Version = row.Version + stale, State = $"S{number}", Deleted = deleted, References = references, UpdateTime = Start.AddMinutes(number) };
            if (kind < 2) change.Insert(next with { Version = 0, CreateTime = Start.AddMinutes(minute) });
            else if (kind == 2) change.Delete(row with { Version = row.Version + stale });
            else change.Update(next);
        });
    }

    private ChangePart Schedule()
    {
        var (name, kind, at) = (Name().Value, _dice.Pick("expire", "wake"), Start.AddMinutes(_dice.Next(30)));
        return _dice.OneIn(4)
            ? ChangePart.Of($"unschedule {kind} of {name}", change => change.Unschedule(name, kind))
            : ChangePart.Of($"schedule {kind} of {name} at {at:HH:mm}", change => change.Schedule(new(at, name, kind)));
    }

    /// <summary>Claims, and perhaps ends, a due row as it is, as it was, or one that is not there.</summary>
    private ChangePart ClaimPart()
    {
        var (which, stale, ends, until) = (_dice.Next(4), _dice.OneIn(5), _dice.OneIn(2), Start.AddMinutes(_dice.Next(60)));
        return new($"{(ends ? "end" : "claim")} due row {which}{(stale ? " stale" : "")} until {until:HH:mm}", async (run, change) =>
        {
            var rows = await run.Store.ListDueAsync(DateTimeOffset.MaxValue, which + 1, default);
            var row = rows.Count > which ? rows[which] : new DueRow(Start, "absent", "wake");
            if (stale) row = row with { Next = row.Next.AddTicks(1) };
            if (ends) change.Handled.Add(row);
            else change.Claim(row, until);
        });
    }

    private ChangePart OutboxPart()
    {
        var entry = new OutboxEntry(0, Name().Value, "kind", $"p{_dice.Next(100)}", 0, Start.AddMinutes(_dice.Next(30)));
        return ChangePart.Of($"send {entry.Payload} of {entry.Resource} at {entry.Due:HH:mm}", change => change.Send(entry));
    }

    private ChangePart Settle()
    {
        var (which, outcome, due) = (_dice.Next(3), _dice.Next(3), Start.AddMinutes(_dice.Next(60)));
        return new($"outbox entry {which} {(outcome == 0 ? "delivered" : outcome == 1 ? "dead" : "postponed")}", async (run, change) =>
        {
            var entries = await run.Store.ListOutboxAsync(DateTimeOffset.MaxValue, which + 1, default);
            var entry = entries.Count > which ? entries[which] : new(999, "", "", "", 0, Start);
            if (outcome == 0) change.Delivered.Add(entry.Id);
            else change.Postponed.Add(entry with { Attempts = entry.Attempts + 1, Due = due, Dead = outcome == 1, Error = "refused" });
        });
    }

    private ChangePart Audit()
    {
        var entry = new AuditEntry(Account(), Start.AddMinutes(_dice.Next(60)), "p", "k", $"m{_dice.Next(9)}", Name().Value);
        return ChangePart.Of($"audit {entry.Method} of {entry.Account} at {entry.At:HH:mm}", change => change.Record(entry));
    }

    private ChangePart Usage()
    {
        var entry = new UsageEntry($"key{_dice.Next(40)}", Account(), _dice.Pick("chat", "batch"), Name().Value, _dice.Pick("m", "n"), Start.AddMinutes(_dice.Next(3000)))
        {
            User = _dice.Pick("u", "v", ""),
            KeyId = _dice.Pick("k", "l"),
            PromptTokens = _dice.Next(100),
            CachedTokens = _dice.Next(10),
            CompletionTokens = _dice.Next(1000),
            TrainedTokens = _dice.Next(1000),
            DurationMilliseconds = _dice.Next(5000),
            Accelerators = _dice.Next(3),
            Rows = _dice.Next(2),
        };
        return ChangePart.Of($"usage {entry.Key} of {entry.Account} at {entry.At:dd HH:mm}", change => change.Meter(entry));
    }

    private ChangePart Process()
    {
        var (resource, node, epoch) = (Name().Value, _dice.Pick("n", "o"), _dice.Next(9));
        return _dice.OneIn(3)
            ? ChangePart.Of($"unassign {resource}", change => change.Unassign(resource))
            : ChangePart.Of($"assign {resource} to {node} epoch {epoch}", change => change.Assign(new(resource, node, AssignmentKind.Replica, epoch, "{}")));
    }

    private ChangePart Endpoint()
    {
        var (deployment, replica, epoch) = (Name().Value, _dice.Next(3), _dice.Next(9));
        return _dice.OneIn(3)
            ? ChangePart.Of($"end endpoints of {deployment}", change => change.EndEndpoints(deployment))
            : ChangePart.Of($"endpoint {replica} of {deployment} epoch {epoch}", change => change.SetEndpoint(new(deployment, replica, "n", epoch, "s", ["h"])));
    }

    private StoreStep LeaseStep()
    {
        var (name, holder, length) = (_dice.Pick("x", "y"), _dice.Pick("a", "b"), TimeSpan.FromSeconds(5 + _dice.Next(30)));
        return _dice.Next(4) switch
        {
            0 => new($"{holder} takes lease {name} for {length.TotalSeconds} s", async run => Held(run, await run.Store.TakeLeaseAsync(name, holder, length, default))),
            1 => new($"{holder} renews lease {name} for {length.TotalSeconds} s", async run =>
                run.Leases.TryGetValue($"{name} {holder}", out var lease) ? Held(run, await run.Store.RenewLeaseAsync(lease, length, default)) : null),
            2 => new($"{holder} releases lease {name}", async run =>
            {
                if (run.Leases.TryGetValue($"{name} {holder}", out var lease)) await run.Store.ReleaseLeaseAsync(lease, default);
                return null;
            }),
            _ => new($"{length.TotalSeconds} s pass", run =>
            {
                run.Clock.Now += length;
                return new((object?)null);
            }),
        };
    }

    private static Lease? Held(StoreRun run, Lease? lease)
    {
        if (lease is not null) run.Leases[$"{lease.Name} {lease.Holder}"] = lease;
        return lease;
    }

    private StoreStep Read()
    {
        var (name, account, limit, time) = (Name().Value, Account(), 1 + _dice.Next(5), Start.AddMinutes(_dice.Next(60)));
        var usage = new UsageQuery(account)
        {
            From = _dice.OneIn(2) ? time : null,
            To = _dice.OneIn(2) ? time.AddHours(30) : null,
            Kind = _dice.OneIn(3) ? "chat" : null,
            Resource = _dice.OneIn(5) ? name : null,
        };
        var audit = new AuditQuery(account) { From = usage.From, To = _dice.OneIn(2) ? time.AddMinutes(30) : null, BeforeId = _dice.OneIn(2) ? _dice.Next(30) : null, Limit = limit };
        var (bucket, fields) = (_dice.Pick(TimeSpan.FromHours(1), TimeSpan.FromDays(1)), (UsageFields)_dice.Next(32));
        var list = new ResourceQuery("models", "accounts/a")
        {
            Order = _dice.Pick(ResourceOrder.Name, ResourceOrder.CreateTime),
            Descending = _dice.OneIn(2),
            IncludeDeleted = _dice.OneIn(2),
            Limit = limit,
            After = _dice.OneIn(2) ? new(name, time) : null,
        };
        return _dice.Next(13) switch
        {
            0 => new($"get {name}", async run => await run.Store.GetAsync(name, default)),
            1 or 2 => new($"list {list}", async run => await run.Store.ListAsync(list, default)),
            3 => new($"count, deleted {list.IncludeDeleted}", async run => await run.Store.CountAsync("models", "accounts/a", list.IncludeDeleted, default)),
            4 => new($"referrers of {name}", async run => new
            {
                any = await run.Store.IsReferencedAsync(name, default),
                rows = await run.Store.ListReferrersAsync(name, "models", default),
            }),
            5 => new($"outbox at {time:HH:mm}", async run => await run.Store.ListOutboxAsync(time, limit, default)),
            6 => new("dead outbox", async run => await run.Store.ListDeadOutboxAsync(0, limit, default)),
            7 => new($"due at {time:HH:mm}", async run => await run.Store.ListDueAsync(time, limit, default)),
            8 => new($"{audit}", async run => await run.Store.ListAuditAsync(audit, default)),
            9 => new($"{usage}", async run => await run.Store.ListUsageAsync(usage, default)),
            10 => new($"sum by {bucket} and {fields} {usage}", async run => await run.Store.SumUsageAsync(usage, bucket, fields, default)),
            11 => new($"last usage of {name}", async run => await run.Store.LastUsageAsync(name, default)),
            _ => new($"assignments, endpoints of {name}", async run => new
            {
                all = await run.Store.ListAssignmentsAsync(null, default),
                node = await run.Store.ListAssignmentsAsync("n", default),
                endpoints = await run.Store.ListEndpointsAsync(name, default),
            }),
        };
    }

    private ResourceName Name() => ResourceName.Of("a", "models", $"m{_dice.Next(12)}");

    private string Account() => _dice.Pick("a", "a", "b");
}
