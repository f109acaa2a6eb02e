namespace Countersign.Server.Web.Views;

/// <summary>A line to copy; the id names the element, the label is read aloud.</summary>
internal sealed record CopyLine(string Id, string Text, string Label);
