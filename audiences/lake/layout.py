"""Where each table lives in the lake: its schema, how it is partitioned, how long it stays."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from audiences import schemas


@dataclass(frozen=True, slots=True)
class Log:
    """An append-only table; rows are added by commits and leave only by whole files."""

    name: str
    schema: pa.Schema
    partition: str  # what the folder below the table says: source, month, day or expires_on
    keep_days: int | None = None  # by the partition's day; None: until erased


LOGS = {
    log.name: log
    for log in (
        Log("profiles", schemas.PROFILES, "source"),
        Log("events", schemas.EVENTS, "month"),
        Log("sightings", schemas.SIGHTINGS, "expires_on", keep_days=0),
        Log("links", schemas.LINKS, "expires_on", keep_days=0),
        Log("match_keys", schemas.MATCH_KEYS, "source"),
        Log("rejects", schemas.REJECTS, "day", keep_days=30),
        Log("uid2_map", schemas.UID2_MAP, "day", keep_days=90),
        Log("uid2_asked", schemas.UID2_ASKED, "day", keep_days=7),
    )
}
COMMITS = "commits/"
COMPACTIONS = "compactions/"  # each makes one commit of many, and takes their place
ATTEMPTS = "attempts/"  # commits that have begun; one that stays here died on its way
OPERATORS_SAID = "uid2-"  # how the ids of commits begin that say nothing new of anybody's records
NEVER = "never"  # the expires_on of rows that are durable
_PARTITION = re.compile(r"^[^/]+/[a-z_]+=([^/]+)/([^/]+?)\.\d+\.parquet$")


def log_key(table: str, value: str, commit: str, part: int) -> str:
    """Name a log's data file: the table, its partition, the commit that it belongs to."""
    return f"{table}/{LOGS[table].partition}={value}/{commit}.{part:05d}.parquet"


def partition_of(key: str) -> tuple[str, str] | None:
    """Return the partition's value and the commit of a log's data file, or None for any other."""
    match = _PARTITION.match(key)
    return (match[1], match[2]) if match else None


def is_over(value: str, today: date, keep_days: int) -> bool:
    """Say whether a partition named by a day lies wholly in the past by more than `keep_days`."""
    if value == NEVER:
        return False
    return (today - date.fromisoformat(value)).days > keep_days
