namespace Hearth.Training;

/// <summary>One skill of the curriculum: makes chats that practise it.</summary>
public interface ICurriculumTask
{
    /// <summary>The task's name, as in the model card.</summary>
    string Name { get; }

    /// <summary>Rows of this task per thousand rows of the curriculum.</summary>
    int Weight { get; }

    /// <summary>Makes one row. A row whose problems are not of the split is drawn again, so only a task of several problems has to look at the split.</summary>
    ChatExample Generate(ref RowRandom random, ProblemSplit split);
}
