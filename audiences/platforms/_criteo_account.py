"""Criteo's segments, and the audiences that are made of them: what an ad set can target."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from audiences.platforms import answers as say
from audiences.platforms.base import Audience, Request, Setting, Target

AUDIENCE = Setting(
    name="make_audience",
    says="whether a new list is also made an audience, which ad sets can target",
    default="true",
    choices=("true", "false"),
)


def contacts(target: Target) -> str:
    """Return the path of a segment's contact list."""
    return f"/audience-segments/{quote(target.audience_id, safe='{}')}/contact-list"


def search(target: Target, limit: int = 100) -> Request:
    """Ask for the contact lists of the advertiser."""
    wanted: dict[str, Any] = {
        "advertiserIds": [target.account],
        "audienceSegmentTypes": ["ContactList"],
    }
    body = {"data": {"type": "AudienceSegment", "attributes": wanted}}
    path = f"/audience-segments/search?limit={limit}&offset=0"
    return Request(method="POST", path=path, body=say.compact(body))


def create(target: Target, audience: Audience) -> Request:
    """Make a segment of the kind that is a contact list."""
    segment = {
        "advertiserId": target.account,
        "name": audience.name,
        "description": audience.description or audience.title,
        "contactList": {},
    }
    body = {"data": [{"type": "AudienceSegment", "attributes": segment}]}
    return Request(method="POST", path="/audience-segments/create", body=say.compact(body))


def equip(target: Target, audience: Audience) -> list[Request]:
    """Make an audience of a new segment, because ad sets target audiences alone."""
    if AUDIENCE.of(target).lower() == "false":
        return []
    wrapped = {
        "advertiserId": target.account,
        "name": audience.name,
        "description": audience.description or audience.title,
        "algebra": {"audienceSegmentId": target.audience_id},
    }
    body = {"data": [{"type": "Audience", "attributes": wrapped}]}
    return [Request(method="POST", path="/audiences/create", body=say.compact(body))]
