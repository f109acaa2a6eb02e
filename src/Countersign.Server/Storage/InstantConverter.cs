using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace Countersign.Server.Storage;

/// <summary>An instant as Unix milliseconds, so that SQLite can order and compare it.</summary>
internal sealed class InstantConverter() : ValueConverter<DateTimeOffset, long>(
    instant => instant.ToUnixTimeMilliseconds(),
    milliseconds => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds));
