"""Google Customer Match over the Data Manager API: taken at once, judged later, in counts only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from audiences.platforms import _google_account as account
from audiences.platforms import answers as say
from audiences.platforms import oauth
from audiences.platforms._google_answers import ANSWERS, outcome, status_outcome
from audiences.platforms.alongside import ATTRIBUTES, variant
from audiences.platforms.base import Batch, Course, Key, Limits, Op, Platform, Request, Row, Target
from audiences.platforms.bodies import PART, rows_at

KEYS = (
    # Not email_sha256: a gmail address loses its dots before hashing, and a digest keeps them.
    Key(wire="emailAddress", types=("email",)),
    Key(wire="phoneNumber", types=("phone",)),
    Key(wire="address", types=("first_name", "last_name", "country", "zip"), joined=True),
)
_ADDRESS = ("givenName", "familyName", "regionCode", "postalCode")  # as `address` joins its types
_GRANTED = {True: "CONSENT_GRANTED", False: "CONSENT_DENIED"}


def _request(batch: Batch) -> Request:
    adding = batch.op is not Op.REMOVE
    body: dict[str, Any] = {
        "destinations": [_destination(batch.target)],
        "audienceMembers": [_member(row, adding) for row in batch.rows],
        "encoding": "HEX",
    }
    if adding:
        body["termsOfService"] = {"customerMatchTermsOfServiceStatus": "ACCEPTED"}
    verb = "ingest" if adding else "remove"
    return Request(method="POST", path=f"/audienceMembers:{verb}", body=say.compact(body))


def _closing(course: Course) -> Sequence[Request]:
    """Take out who was there before a replacement; its members were all added later."""
    if course.mode != "replace":
        return ()
    at = f"{course.at:%Y-%m-%dT%H:%M:%S.%fZ}"
    body = {"destinations": [_destination(course.target)], "removeAsOfTime": at}
    return [Request(method="POST", path="/audienceMembers:removeAll", body=say.compact(body))]


def _member(row: Row, adding: bool) -> dict[str, Any]:
    identifiers = [{wire: _value(wire, value)} for wire, value in row.keys]
    member: dict[str, Any] = {"compositeData": {"userData": {"userIdentifiers": identifiers}}}
    said = {
        "adUserData": row.consent.ad_user_data,
        "adPersonalization": row.consent.ad_personalization,
    }
    consent = {name: _GRANTED[given] for name, given in said.items() if given is not None}
    return member | {"consent": consent} if adding and consent else member


def _value(wire: str, value: str) -> Any:
    """Return an identifier's value; all four parts of an address are there, or it is no key."""
    joined = wire == "address"
    return dict(zip(_ADDRESS, value.split(PART), strict=True)) if joined else value


def _destination(target: Target) -> dict[str, Any]:
    kind, login = account.ACCOUNT_TYPE.of(target), account.LOGIN_ACCOUNT.of(target)
    destination: dict[str, Any] = {"operatingAccount": _account(kind, target.account)}
    if login:
        destination["loginAccount"] = _account(kind, login)
    return destination | {"productDestinationId": target.audience_id}


def _account(kind: str, number: str) -> dict[str, str]:
    return {"accountType": kind, "accountId": number.replace("-", "")}


def _status(_target: Target, handle: str) -> Request:
    return Request(method="GET", path="/requestStatus:retrieve?" + urlencode({"requestId": handle}))


GOOGLE = Platform(
    slug="google",
    title="Google Customer Match",
    base_url="https://datamanager.googleapis.com/v1",
    version="v1",
    docs="https://developers.google.com/data-manager/api/reference/rest/v1/audienceMembers/ingest",
    keys=KEYS,
    of=frozenset({"people"}),
    limits=Limits(
        rows=10_000,
        keys_per_row=10,
        one_per_wire=False,
        concurrency=10,
        per_second=5.0,
        per_day=100_000,
    ),
    row_ttl=False,
    max_ttl_days=None,
    forgets_days=account.MAX_LIFETIME_DAYS,
    minimum=100,
    ops=frozenset(Op),
    request=_request,
    outcome=outcome,
    divide=rows_at("audienceMembers"),
    closing=_closing,
    status=_status,
    status_outcome=status_outcome,
    authorise=oauth.bearer,
    refresh=account.OAUTH.refresh,
    refreshed=account.OAUTH.refreshed,
    probe=account.probe,
    find=account.find,
    found=account.found,
    create=account.create,
    created=account.created,
    size=account.size,
    sized=account.sized,
    account="customer id, dashes allowed",
    credentials="access token, or JSON with `client_id`, `client_secret`, `refresh_token`",
    lifetime="of the list: at most 540 days",
    consent="`adUserData` and `adPersonalization` of each member, left out where unknown",
    answers=ANSWERS,
    variant=variant,
    settings=(account.LOGIN_ACCOUNT, account.ACCOUNT_TYPE, ATTRIBUTES),
    notes=(
        (
            "`email_sha256` is not taken: for gmail.com Google wants dots and `+tags` gone before "
            "hashing, and a digest made elsewhere cannot be mended."
        ),
        (
            "An address is hashed given and family name with the country and the postal code in "
            "clear: a record that lacks one of the four has none."
        ),
        "There is no consent of the whole request: it travels with each member.",
        (
            "Mode `replace` adds everybody anew, waits until Google is through with them, and then "
            "takes out who was there before (`audienceMembers:removeAll`)."
        ),
        "Google drops members of the EEA without consent and only counts them.",
        (
            "One malformed member fails its whole request: it is refused with its reason, and the "
            "others go out in a smaller request."
        ),
    ),
    unverified=("User ids and mobile ids are not sent.",),
)
