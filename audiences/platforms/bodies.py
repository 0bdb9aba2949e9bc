"""What the platforms have in common in making bodies: rows cut out, names, unique numbers."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from audiences.platforms.answers import compact
from audiences.platforms.base import AUDIENCE_ID, Target

PART = "\x1d"  # between the values of a joined key; no canonical value may hold one
_BARE = rb'("%s":)(\{audience_id\}|[0-9]+)'
_QUOTED = rb'("%s":)"(\{audience_id\}|[0-9]+)"'


def rows_at(*path: str | int) -> Callable[[bytes, Sequence[int]], bytes]:
    """Return a `divide` for JSON bodies: the rows are the list, or text with commas, at a path."""

    def divide(body: bytes, places: Sequence[int]) -> bytes:
        whole = json.loads(body)
        within = whole
        for step in path[:-1]:
            within = within[step]
        rows = within[path[-1]]
        if isinstance(rows, str):
            listed = rows.split(",")
            within[path[-1]] = ",".join(listed[place] for place in places)
        else:
            within[path[-1]] = [rows[place] for place in places]
        return compact(whole)

    return divide


def called(target: Target) -> str:
    """Return the name on a platform that goes by names: that of `audience_ids`, else our own."""
    return target.audience if target.audience_id == AUDIENCE_ID else target.audience_id


def unique(target: Target, at: datetime, bits: int = 63) -> int:
    """Return a number that another run of the account does not have, and a replay has again."""
    text = f"{target.account}|{target.audience}|{at.isoformat()}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> (64 - bits)


def bare(body: bytes, field: str) -> bytes:
    """Return a JSON body with the first id in `field` as a number, or as the place of one.

    A planned body may hold `{audience_id}` there, and JSON has no word for a number to come.
    """
    return re.sub(_QUOTED % field.encode(), rb"\1\2", body, count=1)


def bare_rows_at(field: str, *path: str | int) -> Callable[[bytes, Sequence[int]], bytes]:
    """Return a `divide` for bodies that `bare` has made."""
    divide = rows_at(*path)

    def bare_divide(body: bytes, places: Sequence[int]) -> bytes:
        quoted = re.sub(_BARE % field.encode(), rb'\1"\2"', body, count=1)
        return bare(divide(quoted, places), field)

    return bare_divide


def multipart(fields: Mapping[str, str], name: str, content: bytes) -> tuple[bytes, str]:
    """Return a form with these fields and a CSV under `file`, and its content type (RFC 7578).

    The boundary is a digest of the file, so equal files give equal bytes.
    """
    boundary = hashlib.sha256(content).hexdigest()[:32]
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="'
    texts = [f'{head}{field}"\r\n\r\n{text}\r\n' for field, text in fields.items()]
    file = f'{head}file"; filename="{name}"\r\nContent-Type: text/csv\r\n\r\n'
    body = "".join([*texts, file]).encode() + content + f"\r\n--{boundary}--\r\n".encode()
    return body, f"multipart/form-data; boundary={boundary}"
