namespace Hearth.ControlPlane;

/// <summary>An upload that its resource has not taken a day after its offer goes, with its bytes.</summary>
public sealed class UploadExpiry(ResourceStore resources) : IDueHandler
{
    public const string DueKind = "uploads.expire";

    /// <summary>Time from the offer to the end.</summary>
    public static TimeSpan Period { get; } = TimeSpan.FromDays(1);

    public string Kind => DueKind;

    public async ValueTask HandleAsync(DueRow due, CancellationToken cancellationToken) =>
        await resources.StepAsync(ResourceName.Parse(due.Resource), async (change, cancel) =>
        {
            var file = await resources.FindAsync<UploadRecord>(ResourceName.Parse(due.Resource), cancel);
            if (file is null || file.Value.Expires - Uploads.AddressPeriod + Period > resources.Now) return false; // taken, or offered anew
            Uploads.Drop(change, file, resources.Now);
            return true;
        }, cancellationToken);
}
