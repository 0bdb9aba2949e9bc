"""What The Trade Desk's Data API answers: all is well, or the lines that failed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from audiences.platforms import answers as say
from audiences.platforms.base import Action, Answer, Outcome

# The documented codes: anything else that stands there could quote an id.
_LINE_CODES = {
    "MissingUserId",
    "UserNotMapped",
    "InvalidTtlInMinutes",
    "InvalidTimestampUtc",
    "DataNameTooLong",
    "InvalidBidFactor",
    "InvalidBaseBidCPM",
    "BaseBidCPMMetadataTooLong",
    "InvalidDataOwnerId",
    "InvalidParameterFormat",
    "TargetingDataCreationLimitExceeded",
    "TargetingDataCountLimitExceeded",
    "TenantRestrictionsExternalData",
    "TargetingDataDisabled",
    "ItemDeserializationError",
}
ANSWERS = {
    Action.DONE: "200, 204, 240; 200 or 400 with `FailedLines`",
    Action.RETRY: "429, 5xx",
    Action.REAUTH: "401",
    Action.SPLIT: "413",
    Action.REFUSED: "400 without lines",
    Action.STOP: "403, 404",
}


def outcome(answer: Answer, rows: int) -> Outcome:
    """Judge an answer: what failed stands in lines, by the number of its item."""
    body = say.read_object(answer.body)
    done = answer.status in (200, 204, 240)
    if not done and answer.status != 400:
        return say.by_status(answer, "MaxRequestSizeExceeded" if answer.status == 413 else "")
    if done and body is None and answer.body.strip():
        return say.by_status(answer, "unreadable")
    lines = say.objects((body or {}).get("FailedLines"))
    if not lines:
        return Outcome(action=Action.DONE) if done else say.by_status(answer)
    return _partial(lines, rows)


def _partial(lines: list[dict[str, Any]], rows: int) -> Outcome:
    named = {place: _code(line) for line in lines if (place := _place(line, rows)) is not None}
    # A line without a usable place speaks for every row that no other line names.
    rest = next((_code(line) for line in lines if _place(line, rows) is None), None)
    rejected = named if rest is None else {i: named.get(i, rest) for i in range(rows)}
    return say.judged(Action.DONE, _code(lines[0]), rejected=rejected)


def _place(line: Mapping[str, Any], rows: int) -> int | None:
    """Return a line's row; ItemNumber is a string and counts from 1."""
    number = str(line.get("ItemNumber", ""))
    place = int(number) - 1 if re.fullmatch(r"[0-9]{1,6}", number) else -1
    return place if 0 <= place < rows else None


def _code(line: Mapping[str, Any]) -> str:
    code = line.get("ErrorCode")
    return code if isinstance(code, str) and code in _LINE_CODES else "Unknown"
