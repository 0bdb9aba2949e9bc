"""Time, from one place: nothing else asks the machine what time it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

from shared.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Clock:
    """Tells the time of a run: the machine's, or a fixed instant given with `--as-of`."""

    fixed: datetime | None = None

    def now(self) -> datetime:
        """Return the instant of this run, in UTC, with microseconds."""
        return self.fixed or datetime.now(UTC)


def parse_instant(text: str) -> datetime:
    """Read an ISO 8601 date or instant; a bare date is its first moment, no zone means UTC.

    Raises:
        ConfigurationError: when the text is neither.

    """
    try:
        parsed = datetime.fromisoformat(text.strip())
    except ValueError as error:
        message = f"--as-of {text!r} is not a date or time (write 2026-11-21 or 2026-11-21T06:00Z)"
        raise ConfigurationError(message) from error
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


def day(instant: datetime) -> date:
    """Return the UTC day of an instant."""
    return instant.astimezone(UTC).date()


def iso(instant: datetime) -> str:
    """Write an instant as `2026-11-21T06:00:00Z`, with microseconds only when it has them."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
