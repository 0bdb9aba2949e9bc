"""The log: one JSON object a line on stderr, holding only fields that stand on the list below.

A field that is not listed, or whose value is of another kind, is left out and counted in
`unlisted`; texts are scrubbed. So a new field is a decision made here, not at the call.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
import traceback
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import PurePath
from typing import IO, Literal

from shared.errors import BridgeError
from shared.redact import scrub

Level = Literal["debug", "info", "warning", "error"]

_LOGGER = logging.getLogger("bridge")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}")
_HEX = re.compile(r"[0-9a-f]{16,64}")
_TEXT_LENGTH = 400
_FRAMES = 5


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _seconds(value: object) -> float | None:
    return round(float(value), 3) if isinstance(value, int | float) else None


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _name(value: object) -> str | None:
    return scrub(value) if isinstance(value, str) and _NAME.fullmatch(value) else None


def _short(text: str) -> str:
    return scrub(text[: 10 * _TEXT_LENGTH])[:_TEXT_LENGTH]


def _text(value: object) -> str | None:
    return _short(value) if isinstance(value, str) else None


def _digest(value: object) -> str | None:
    # Enough to find a file by; too short to look up an e-mail's digest with.
    return value[:12] if isinstance(value, str) and _HEX.fullmatch(value) else None


def _reasons(value: object) -> dict[str, int] | None:
    if not isinstance(value, Mapping):
        return None
    return {
        scrub(reason): count
        for reason, count in value.items()
        if isinstance(reason, str) and _NAME.fullmatch(reason) and _count(count) is not None
    }


_COUNTS = """
    rows rows_in kept rejected dropped dropped_by_consent members held_out suppressed adds removes
    refreshed accepted refused unknown requests batches batch lane lanes bytes files partitions
    attempt attempts people identifiers links sends status pending port faults
"""
_NAMES = """
    audience destination platform run source table stage step snapshot ingest command function
    rule_pack mode op reason code action outcome
"""
_KINDS: tuple[tuple[Callable[[object], object], str], ...] = (
    (_count, _COUNTS),
    (_seconds, "seconds wait_seconds rows_per_second percent"),
    (_flag, "dry_run replayed healed"),
    (_name, _NAMES),
    (_text, "detail place"),
    (_digest, "digest"),
    (_reasons, "reasons"),
)
FIELDS: Mapping[str, Callable[[object], object]] = {
    field: kind for kind, fields in _KINDS for field in fields.split()
}


def log(
    event: str, *, level: Level = "info", error: BaseException | None = None, **fields: object
) -> None:
    """Log one event with its fields; an error is told by class, scrubbed message and place."""
    _LOGGER.log(
        logging.getLevelNamesMapping()[level.upper()],
        event,
        exc_info=error,
        extra={"fields": fields},
        stacklevel=2,
    )


def configure(level: str | None = None, stream: IO[str] | None = None) -> None:
    """Send the log to stderr; `level` falls back to BRIDGE_LOG, then to warnings only."""
    wanted = (level or os.environ.get("BRIDGE_LOG") or "warning").upper()
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter())
    _LOGGER.handlers[:] = [handler]
    _LOGGER.propagate = False
    levels = {**logging.getLevelNamesMapping(), "OFF": logging.CRITICAL + 1}
    _LOGGER.setLevel(levels.get(wanted, logging.WARNING))


class JsonFormatter(logging.Formatter):
    """Formats any record, ours or a library's, as one line of JSON that is safe to keep."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as JSON: time, level, event, listed fields, error."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": _short(record.getMessage()),
            **_listed(getattr(record, "fields", {})),
        }
        if record.exc_info and record.exc_info[1]:
            line["error"] = _told(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False)


def _listed(fields: Mapping[str, object]) -> dict[str, object]:
    out: dict[str, object] = {}
    unlisted = 0
    for field, value in fields.items():
        kept = FIELDS[field](value) if field in FIELDS else None
        if kept is not None:
            out[field] = kept
        elif value is not None:
            unlisted += 1
    return {**out, "unlisted": unlisted} if unlisted else out


def _told(error: BaseException) -> dict[str, object]:
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    return {
        "class": type(error).__name__,
        # Whoever raised another error never promised to leave identifiers out of its text.
        "message": _short(str(error)) if isinstance(error, BridgeError) else None,
        "at": [f"{PurePath(f.filename).name}:{f.lineno} {f.name}" for f in frames],
    }
