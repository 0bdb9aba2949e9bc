"""LINE's groups: what they are called, which one is ours, how large it is."""

from __future__ import annotations

from urllib.parse import parse_qs, urlencode, urlsplit

from audiences.platforms import answers as say
from audiences.platforms._line_answers import group_of
from audiences.platforms.base import Answer, Request, Size
from shared.errors import RetryableError

_NAME = 120  # characters


def called(name: str) -> str:
    """Return a name as long as LINE takes it."""
    return name[:_NAME]


def found(asked: Request, answer: Answer, name: str) -> str | Request | None:
    """Return the id of our group of this name, or the request for the next page."""
    body = say.read_object(answer.body)
    if body is None or not isinstance(body.get("audienceGroups"), list):
        raise RetryableError("LINE's list of audience groups cannot be read")
    for group in say.objects(body["audienceGroups"]):
        ours = group.get("type", "UPLOAD") == "UPLOAD" and not group.get("isIfaAudience")
        if ours and group.get("description") == called(name) and group.get("status") != "EXPIRED":
            return str(group.get("audienceGroupId"))
    if body.get("hasNextPage") is not True:
        return None
    parts = urlsplit(asked.path)
    query = {key: values[0] for key, values in parse_qs(parts.query).items()}
    query["page"] = str(int(query["page"]) + 1)
    return Request(method="GET", path=f"{parts.path}?{urlencode(query)}")


def sized(answer: Answer) -> Size | None:
    """Return how many the group holds, where LINE says so."""
    count = (group_of(answer) or {}).get("audienceCount")
    return Size(count, count) if type(count) is int and count >= 0 else None
