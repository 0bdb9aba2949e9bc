"""Amazon's regions, tokens and audiences: what an account needs before records can be sent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from audiences.platforms import answers as say
from audiences.platforms import oauth
from audiences.platforms.base import Access, Answer, Audience, Request, Setting, Size, Target
from audiences.platforms.bodies import bare

MEDIA = "application/vnd.amcaudiences.v1+json"
HOSTS = {
    "na": "https://advertising-api.amazon.com",
    "eu": "https://advertising-api-eu.amazon.com",
    "fe": "https://advertising-api-fe.amazon.com",
}
_TOKENS = {"na": "amazon.com", "eu": "amazon.co.uk", "fe": "amazon.co.jp"}
_SHORTEST, _LONGEST = 10, 128  # characters of a name
_DAYS = 397  # 34,300,800 seconds
REGION = Setting(
    name="region",
    says="where the account is: North America, Europe, Far East",
    default="na",
    choices=tuple(HOSTS),
)
COUNTRY = Setting(
    name="country",
    says="the country of the records, two letters; without one fewer are matched, and Amazon "
    "wants it for people of the EEA and the United Kingdom",
)
LIFETIME = Setting(
    name="ttl_days",
    says=f"days that a member of a new audience stays after the last add, at most {_DAYS}",
    default=str(_DAYS),
)
CLIENT = Setting(
    name="client_id",
    example="amzn1.application-oa2-client.1",
    says="the application's client id, which every call names; needed where the credentials are a "
    "bare token",
)
NOTES = (
    "A record is named by a digest of its keys: no number of the company's leaves it.",
    "A name of an audience gets what it needs to have 10 characters, and loses other signs.",
    (
        "A person has an entry of each e-mail address and number; name, street and place stand in "
        "all of them, and go with a new record alone."
    ),
    "A record of the same keys takes the place of the one before: new names need no removal.",
    "AMC's terms must be accepted before records can go to a connection.",
)
UNVERIFIED = (
    "Requests a second: Amazon counts them and does not say how many.",
    "The most rows of a request: 6,000 is Amazon's guidance.",
    "Whether audiences can be listed: one whose answer was lost may be made twice.",
    "Whether Amazon works on jobs in the order in which they came.",
)


def call(target: Target, method: str, path: str, body: bytes = b"") -> Request:
    """Make a call to the account's region."""
    return Request(
        method=method,
        path=f"/amc/audiences{path}",
        body=body,
        content_type=MEDIA,
        host=REGION.of(target).lower(),
    )


def resource(target: Target) -> dict[str, str]:
    """Return whose audience it is: a number is an advertiser, anything else a connection."""
    account = target.account.strip()
    kind = "advertiserId" if account.isdecimal() else "connectionId"
    return {kind: account}


def _named(name: str) -> str:
    clean = re.sub(r"[^0-9A-Za-z _-]", "-", name)[:_LONGEST]
    return clean if len(clean) >= _SHORTEST else f"{clean} audience"


def create(target: Target, audience: Audience) -> Request:
    """Make an audience for the account."""
    days = LIFETIME.of(target)
    lives = min(int(days), _DAYS) if days.isdecimal() and int(days) else _DAYS
    body: dict[str, Any] = {
        "targetResource": resource(target),
        "name": _named(audience.name),
        "description": re.sub(r"[^\w -]", " ", audience.description or audience.title)[:1000],
    }
    if country := COUNTRY.of(target).upper():
        body["countryCode"] = country
    body["metadata"] = {"externalAudienceId": audience.name, "ttl": lives * 86_400}
    return call(target, "POST", "/metadata", bare(say.compact(body), "advertiserId"))


def size(target: Target) -> Request:
    """Ask for the audience."""
    return call(target, "GET", f"/metadata/{quote(target.audience_id)}")


def sized(answer: Answer) -> Size | None:
    """Return how many the DSP has, or how many records have come, where Amazon says so."""
    metadata = (say.read_object(answer.body) or {}).get("metadata")
    counts = metadata.get("audienceSize") if isinstance(metadata, dict) else None
    counts = counts if isinstance(counts, dict) else {}
    for name in ("dspAudienceSize", "receivedRecordSize"):
        count = counts.get(name)
        if isinstance(count, int | float) and not isinstance(count, bool) and count >= 0:
            return Size(int(count), int(count))
    return None


def authorise(request: Request, access: Access) -> Mapping[str, str]:
    """Return the bearer header and the application's id."""
    secrets = say.read_object(access.credentials.encode()) or {}
    client = str(secrets.get("client_id") or access.options.get(CLIENT.name, "")).strip()
    named = {"amazon-advertising-api-clientid": client} if client else {}
    return {**oauth.bearer(request, access), **named}


def _oauth(access: Access) -> oauth.OAuth:
    region = access.options.get(REGION.name, REGION.default).lower()
    return oauth.OAuth(title="Amazon", token_url=f"https://api.{_TOKENS[region]}/auth/o2/token")


def refresh(access: Access) -> Request | None:
    """Ask the region's token endpoint for a new access token."""
    return _oauth(access).refresh(access)


def refreshed(access: Access, answer: Answer) -> str:
    """Return the credentials with the new token.

    Raises:
        CredentialError: when there is no token in the answer.

    """
    return _oauth(access).refreshed(access, answer)
