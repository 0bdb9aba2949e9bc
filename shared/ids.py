"""Ids of runs and exports: they sort by the time at which they were made."""

from __future__ import annotations

import secrets
from datetime import datetime


def new_id(now: datetime) -> str:
    """Make an id that sorts by time and is not given twice: 20261121T060000-0c3f3a61c27.

    The first three digits after the dash are the millisecond.
    """
    return f"{now:%Y%m%dT%H%M%S}-{now.microsecond // 1000:03x}{secrets.token_hex(4)}"
