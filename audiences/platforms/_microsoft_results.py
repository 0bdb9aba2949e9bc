"""What the Bulk service answers: a place, a file that is taken, a status, and a file of errors."""

from __future__ import annotations

import csv
import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import replace
from typing import IO, Any

from audiences.platforms import _microsoft_answers as judge
from audiences.platforms import answers as say
from audiences.platforms.base import Action, Answer, Outcome
from audiences.platforms.codes import unasked

_TAKEN = "BulkServiceUrlAlreadyUsedForUpload"  # by the very file whose answer was lost
_URL = re.compile(r"https?://[!-~]{1,4000}")
_ITEM = "Customer List Item Error"
_UNREADABLE = (
    *(csv.Error, ValueError, LookupError, EOFError, OSError, RuntimeError),
    *(zipfile.BadZipFile, zlib.error),
)


def told(answer: Answer) -> Outcome:
    """Judge a call without rows; one that asks for a place gets its address and its request id."""
    outcome, body = judge.told(answer), say.read_object(answer.body) or {}
    if outcome.action is not Action.DONE or "UploadUrl" not in body:
        return outcome
    address, handle = str(body["UploadUrl"]), _request_id(body)
    if not _URL.fullmatch(address) or not handle:
        return say.judged(Action.RETRY, "unreadable")
    return replace(outcome, address=address, handle=handle)


def _request_id(body: Mapping[str, Any]) -> str:
    said = str(body.get("RequestId", ""))
    return said if re.fullmatch(r"[\w.:-]{1,200}", said, re.ASCII) else ""


def outcome(answer: Answer, _rows: int) -> Outcome:
    """Judge what is said of a file: it is taken to be worked on, or was taken the time before."""
    body = say.read_object(answer.body) or {}
    flat = [body] if body.get("Code") or body.get("ErrorCode") else []
    errors = judge.errors_of(body) or flat
    words = [judge.symbol(error) for error in errors]
    if _TAKEN in words or (200 <= answer.status < 300 and body and not words):
        return Outcome(action=Action.PENDING, handle=_request_id(body))
    if "BulkServiceUrlExpired" in words:
        return say.judged(Action.RETRY, "BulkServiceUrlExpired")
    judged = judge.of_the_call(words) if words else None
    return judged or say.by_status(answer, next(iter(words), ""))


def status_outcome(answer: Answer, rows: int) -> Outcome:
    """Judge how far an upload is, or the file of its errors, whose address the status gives."""
    body = say.read_object(answer.body)
    if body is None:
        return _result(answer, rows) if 200 <= answer.status < 300 else _unheard(answer)
    words = [judge.symbol(error) for error in judge.errors_of(body)]
    if answer.status != 200:
        return _fault(answer, words)
    return _status(body, words)


def _status(body: Mapping[str, Any], words: list[str]) -> Outcome:
    match str(body.get("RequestStatus", "")):
        case "Completed":
            return Outcome(action=Action.DONE)
        case "CompletedWithErrors" as status:
            url = str(body.get("ResultFileUrl", ""))
            return say.judged(Action.PENDING, status, handle=url if _URL.fullmatch(url) else "")
        case "Failed" | "Expired" | "Aborted" as status:  # two of them as Microsoft's client has it
            return say.judged(Action.RETRY, next(iter(words), status))
        case "UploadFileRowCountExceeded" | "UploadFileFormatNotSupported" as status:
            return say.judged(Action.REFUSED, status)
        case _:  # PendingFileUpload, FileUploaded, InProgress
            return say.judged(Action.PENDING, "InProgress")


def _fault(answer: Answer, words: list[str]) -> Outcome:
    """Judge a status that was not told: what stops is final, all else is asked again."""
    known = judge.of_the_call(words) if words else None
    if known and known.action is Action.RETRY:
        return say.judged(Action.PENDING, known.code, known.wait_seconds)
    stops = known and known.action in (Action.STOP, Action.REAUTH)
    return known if known and stops else unasked(answer, next(iter(words), ""))


def _unheard(answer: Answer) -> Outcome:
    """Judge an answer of no service: a file of errors may be gone, and its address comes anew."""
    known = say.by_status(answer)
    if known.action is Action.REAUTH:
        return known
    return say.judged(Action.PENDING, known.code, known.wait_seconds)


def _result(answer: Answer, rows: int) -> Outcome:
    try:
        with _opened(answer.body) as file, io.TextIOWrapper(file, "utf-8-sig", newline="") as text:
            found = _errors(csv.DictReader(text), rows)
    except _UNREADABLE:
        found = None
    return found or say.judged(Action.PENDING, "unreadable")


def _opened(body: bytes) -> IO[bytes]:
    """Open a file of errors, packed or plain: no page says which it is."""
    if body.startswith(b"PK"):
        archive = zipfile.ZipFile(io.BytesIO(body))
        return archive.open(archive.namelist()[0])
    return io.BytesIO(gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body)


def _errors(lines: csv.DictReader[str], rows: int) -> Outcome | None:
    """Judge a file of errors; what is said of the list is said of all its items."""
    if "Type" not in (lines.fieldnames or ()):
        return None
    said, whole, lost = dict[int, str](), "", 0
    for line in lines:
        kind, place = str(line["Type"]), str(line.get("Client Id"))
        word = judge.symbol({"Code": line.get("Error Number"), "ErrorCode": line.get("Error")})
        if kind == _ITEM and re.fullmatch(r"[0-9]{1,8}", place) and int(place) < rows:
            first = said.setdefault(int(place), word)
            said[int(place)] = word if first in judge.RETRY else first
        elif kind == _ITEM:
            lost += 1
        elif kind.endswith(" Error"):
            whole = whole or word
    if whole or not (said or lost):
        again = not whole or whole in judge.RETRY
        return say.judged(Action.RETRY if again else Action.REFUSED, whole or "no_errors")
    return _of_items(said, min(lost, rows - len(said)))


def _of_items(said: dict[int, str], lost: int) -> Outcome:
    again = {place: word for place, word in said.items() if word in judge.RETRY}
    refused = {place: word for place, word in said.items() if place not in again}
    code = next(iter(refused.values()), next(iter(again.values()), "Unknown"))
    return say.judged(Action.DONE, code, lost=lost, rejected=refused, uncertain=again)
