"""The SQL both reach reports begin with: which live identifiers reach each member of an audience.

A member of an audience of people is reached by every identifier of that person; a member of an
audience of devices by that device alone, for nothing else of it is given to a platform.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

DAY_US = 86_400_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parameters(audiences: Sequence[str], as_of: datetime) -> dict[str, Any]:
    """Return what the SQL is bound to; the instant goes as microseconds, exact in any zone."""
    instant = (as_of.astimezone(UTC) - _EPOCH) // timedelta(microseconds=1)
    return {"audiences": list(audiences), "as_of": instant}


def chosen_sql() -> str:
    """Select the members of the audiences asked for, each once."""
    return """
    SELECT audience, member, any_value(of) AS of, max(expires_at) AS expires_at
    FROM members_now
    WHERE audience IN (SELECT unnest($audiences))
    GROUP BY audience, member"""


def ids_sql() -> str:
    """Select each member's live identifiers; `left_us` is null where no clock runs.

    A device that was never linked may be missing from `people_now`; then the member's own expiry
    counts, and one without expiry is no identifier at all rather than a durable one.
    """
    return """
    SELECT audience, member, person, type, epoch_us(ends) - $as_of AS left_us
    FROM (
      SELECT c.audience, c.member, p.person, p.type, p.expires_at AS ends, true AS sure
      FROM chosen c JOIN people_now p ON p.person = c.member
      WHERE c.of = 'people'
      UNION ALL
      SELECT c.audience, c.member, p.person, coalesce(p.type, 'device'),
             CASE WHEN p.key IS NULL THEN c.expires_at ELSE p.expires_at END, p.key IS NOT NULL
      FROM chosen c LEFT JOIN people_now p ON p.key = c.member
      WHERE c.of = 'devices'
    )
    WHERE (ends IS NULL AND sure) OR epoch_us(ends) > $as_of"""
