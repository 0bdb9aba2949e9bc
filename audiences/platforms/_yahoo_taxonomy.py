"""Yahoo's taxonomy: the tree in which a segment has a place before it can have members."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any
from urllib.parse import quote

from audiences.platforms import answers as say
from audiences.platforms.base import Answer, Audience, Request, Setting, Target
from shared.errors import RejectedError, RetryableError

HOST = "taxonomy"
PARENT = Setting(
    name="parent",
    says="id of the taxonomy node under which new segments are made; without it at the top",
)
GDPR_MODE = Setting(
    name="gdpr_mode",
    says="what Yahoo is for a new segment under the GDPR; controller where nothing is said",
    choices=("", "oath_is_controller", "oath_is_processor"),
)
# An answer holds all segments of all advertisers, so the question must say whose is meant.
_WHOSE = "x-mdm-id"


def find(target: Target) -> Request:
    """Ask for the taxonomy that is in use."""
    headers = {_WHOSE: target.account.strip()}
    return Request(method="GET", path="/v1/taxonomy", host=HOST, headers=headers)


def found(asked: Request, answer: Answer, name: str) -> str | None:
    """Return the id of the segment where the taxonomy in use has it."""
    wanted = segment_id(asked.headers.get(_WHOSE, ""), name)
    left = [*_nodes(answer)]
    while left:
        node = left.pop()
        if node.get("id") == wanted:
            return wanted
        left += say.objects(node.get("subTaxonomy"))
    return None


def _nodes(answer: Answer) -> list[dict[str, Any]]:
    try:
        nodes = json.loads(answer.body)
    except (ValueError, RecursionError):
        nodes = None
    if not isinstance(nodes, list):
        raise RetryableError("Yahoo's taxonomy cannot be read")
    return say.objects(nodes)


def segment_id(account: str, name: str) -> str:
    """Return the id of an audience's segment, in the letters that Yahoo takes in one."""
    text = f"{account}_{name}"
    plain = re.sub(r"[^A-Za-z0-9_]", "_", text)
    # Two names that differ in other letters only must not be one segment.
    return plain if plain == text else f"{plain}_{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def create(target: Target, audience: Audience) -> Request:
    """Append a segment to the taxonomy, for the account alone."""
    account, mode = target.account.strip(), GDPR_MODE.of(target)
    wanted = segment_id(account, audience.name)
    node: dict[str, Any] = {"id": wanted, "name": audience.name, "type": "SEGMENT"}
    node |= {"users": {"include": [account]}} | ({"gdpr_mode": mode} if mode else {})
    # The description comes back in the answer, which says nothing else of the segment.
    body, boundary = _form({"metadata": {"description": wanted}, "data": [node]})
    parent = PARENT.of(target)
    return Request(
        method="PUT",
        path="/v1/taxonomy/append" + (f"/{quote(parent, safe='')}" if parent else ""),
        body=body,
        content_type=f"multipart/form-data; boundary={boundary}",
        host=HOST,
    )


def _form(fields: dict[str, Any]) -> tuple[bytes, str]:
    """Return a form of JSON parts (RFC 7578) and its boundary, which no part holds."""
    parts = {name: say.compact(value) for name, value in fields.items()}
    boundary = hashlib.sha256(b"".join(parts.values())).hexdigest()[:32]
    kind = "Content-Type: application/json;charset=UTF-8"
    lines = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n{kind}\r\n\r\n'.encode()
        + content
        + b"\r\n"
        for name, content in parts.items()
    ]
    return b"".join(lines) + f"--{boundary}--\r\n".encode(), boundary


def created(answer: Answer) -> str:
    """Return the id of a segment that Yahoo has begun to make."""
    try:
        return say.made(answer.body, "description")
    except RejectedError:
        raise RejectedError("Yahoo took a segment but did not say which") from None
