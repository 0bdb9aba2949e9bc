"""TikTok's file flow: lists are uploaded, and an audience takes them up when all of them are there.

`POST /dmp/custom_audience/file/upload/`, then `POST /dmp/custom_audience/update/`, of API v1.3.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from audiences.platforms import _tiktok_answers as judge
from audiences.platforms import answers as say
from audiences.platforms.base import (
    Action,
    Answer,
    Batch,
    Course,
    Op,
    Outcome,
    Part,
    Platform,
    Request,
    Setting,
)
from audiences.platforms.bodies import multipart

FLOW = Setting(
    name="flow",
    says=(
        "`streaming` tells changes of a streaming segment; `files` uploads lists to an audience "
        "that was made from a file, and has mode `replace`"
    ),
    default="streaming",
    choices=("streaming", "files"),
)
KIND = "MULTIPLE_TYPES"
_COLUMNS = {
    "EMAIL_SHA256": "Email_SHA256",
    "PHONE_SHA256": "Phone_SHA256",
    "IDFA_SHA256": "MAID_SHA256",
    "AAID_SHA256": "MAID_SHA256",
}
_PATHS = 49  # fewer than 50 files in one call
_ROWS = 200_000  # some 40 MB; a file may have 1 GB, and what sends is to stay small


def filed(platform: Platform, options: Mapping[str, str]) -> Platform:
    """Return the platform as `flow` has it."""
    if options.get(FLOW.name, FLOW.default).lower() != "files":
        return platform
    limits = replace(platform.limits, rows=_ROWS, concurrency=2, timeout_seconds=300.0)
    return replace(
        platform,
        limits=limits,
        ops=frozenset(Op),
        counts_when_closed=True,
        forgets=None,
        request=_upload,
        outcome=_uploaded,
        divide=None,
        closing=_closing,
        found=judge.found_where(lambda audience: audience.get("calculate_type") == KIND),
        create=None,
        created=None,
    )


def is_from_file(audience: Mapping[str, Any]) -> bool:
    """Say whether an audience of the account's list was made from a file of any kind."""
    return str(audience.get("calculate_type") or "").endswith(("_SHA256", "_MD5", KIND))


def _upload(batch: Batch) -> Request:
    content = "\n".join(_lines(batch)).encode() + b"\n"
    fields = {
        "advertiser_id": batch.target.account,
        "calculate_type": KIND,
        "file_signature": hashlib.md5(content, usedforsecurity=False).hexdigest(),
    }
    body, content_type = multipart(fields, f"{batch.op}-{batch.number:05d}.csv", content)
    path = "/dmp/custom_audience/file/upload/"
    return Request(method="POST", path=path, body=body, content_type=content_type)


def _lines(batch: Batch) -> Iterator[str]:
    """Yield the header, then a line a person; each further mobile id has a line of its own."""
    people = [row.keys for row in batch.rows]
    used = {_COLUMNS[wire] for keys in people for wire, _ in keys}
    columns = [column for column in dict.fromkeys(_COLUMNS.values()) if column in used]
    yield ",".join(columns)
    for keys in people:
        line: dict[str, str] = {}
        for wire, value in keys:
            column = _COLUMNS[wire]
            if column in line:
                yield ",".join(value if each == column else "" for each in columns)
            else:
                line[column] = value
        yield ",".join(line.get(each, "") for each in columns)


def _uploaded(answer: Answer, rows: int) -> Outcome:
    """Judge an upload; its path is what the closing calls name."""
    outcome = judge.outcome(answer, rows)
    if outcome.action is not Action.DONE:
        return outcome
    path = (judge.data_of(answer) or {}).get("file_path")
    if not isinstance(path, str) or not path:
        return say.judged(Action.RETRY, "no_file_path")
    return replace(outcome, handle=path)


def _closing(course: Course) -> Sequence[Request]:
    """Take up what was uploaded: removals first; a replacement begins with its first files."""
    out = [part for part in course.parts if part.op is Op.REMOVE]
    into = [part for part in course.parts if part.op is not Op.REMOVE]
    first = "REPLACE" if course.mode == "replace" else "APPEND"
    taken = [_update(course, "REMOVE", parts) for parts in _fifties(out)]
    for number, parts in enumerate(_fifties(into)):
        taken.append(_update(course, first if number == 0 else "APPEND", parts))
    return taken


def _fifties(parts: list[Part]) -> list[list[Part]]:
    return [parts[start : start + _PATHS] for start in range(0, len(parts), _PATHS)]


def _update(course: Course, action: str, parts: Sequence[Part]) -> Request:
    body = {
        "advertiser_id": course.target.account,
        "custom_audience_id": course.target.audience_id,
        "action": action,
        "file_paths": [part.handle for part in parts],
    }
    return Request(method="POST", path="/dmp/custom_audience/update/", body=say.compact(body))
