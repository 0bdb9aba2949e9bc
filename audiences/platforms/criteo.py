"""Criteo contact-list segments: one kind of identifier a call, invalid ones only counted."""

from __future__ import annotations

from audiences.platforms import _criteo_account as account
from audiences.platforms import _criteo_answers as judge
from audiences.platforms import answers as say
from audiences.platforms import oauth
from audiences.platforms.base import (
    Access,
    Batch,
    Course,
    Key,
    Limits,
    Op,
    Platform,
    Request,
)
from audiences.platforms.bodies import rows_at

VERSION = "2026-07"
KEYS = (
    Key(wire="email", types=("email", "email_sha256")),
    Key(wire="phoneNumber", types=("phone",)),
    Key(wire="madid", types=("idfa", "gaid", "maid")),
)
_TOKENS = "https://api.criteo.com/oauth2/token"
_CLIENT = oauth.OAuth(title="Criteo", token_url=_TOKENS, grant="client_credentials")
_CONSENTED = oauth.OAuth(title="Criteo", token_url=_TOKENS)


def _refresh(access: Access) -> Request | None:
    """Ask for a token as the person who consented, else as the application itself."""
    return _CONSENTED.refresh(access) or _CLIENT.refresh(access)


def _request(batch: Batch) -> Request:
    change = {
        "operation": "remove" if batch.op is Op.REMOVE else "add",
        "identifierType": batch.rows[0].keys[0][0],
        "identifiers": [value for row in batch.rows for _, value in row.keys],
    }
    body = {"data": {"type": "ContactlistAmendment", "attributes": change}}
    return Request(method="PATCH", path=account.contacts(batch.target), body=say.compact(body))


def _opening(course: Course) -> list[Request]:
    if course.mode != "replace":
        return []
    return [Request(method="DELETE", path=account.contacts(course.target))]


CRITEO = Platform(
    slug="criteo",
    title="Criteo Contact Lists",
    base_url=f"https://api.criteo.com/{VERSION}/marketing-solutions",
    version=VERSION,
    docs="https://developers.criteo.com/marketing-solutions/docs/contact-list",
    keys=KEYS,
    of=frozenset({"people"}),
    limits=Limits(
        rows=50_000,
        keys_per_row=1,
        one_per_wire=False,
        one_wire=True,
        concurrency=4,
        per_second=4.0,  # 250 a minute
    ),
    row_ttl=False,
    max_ttl_days=None,
    ops=frozenset(Op),
    request=_request,
    outcome=judge.outcome,
    divide=rows_at("data", "attributes", "identifiers"),
    opening=_opening,
    pace=lambda answer, at: say.rest_wait(answer, at, "x-ratelimit-remaining", "x-ratelimit-reset"),
    authorise=oauth.bearer,
    refresh=_refresh,
    refreshed=_CLIENT.refreshed,
    probe=lambda target: account.search(target, limit=1),
    told=judge.told,
    find=account.search,
    found=judge.found,
    create=account.create,
    created=judge.created,
    equip=account.equip,
    size=lambda target: Request(method="GET", path=f"{account.contacts(target)}/statistics"),
    sized=judge.sized,
    account="advertiser id",
    credentials=(
        "access token, or JSON with `client_id`, `client_secret`, and `refresh_token` where a "
        "person has consented"
    ),
    answers=judge.ANSWERS,
    settings=(account.AUDIENCE,),
    notes=(
        "A replacement empties the list first: it is short of people until it is through.",
        "A list is a segment, and ad sets target audiences: a new list is made one of its name.",
        (
            "With `refresh_token` Criteo allows 10 calls a minute and account: set "
            "`requests_per_second: 0.16`."
        ),
        (
            "Identifiers that Criteo quotes in `sampleInvalidIdentifiers` are never read; only "
            "their count is used."
        ),
        "Criteo takes about a day to put a change to use.",
        f"Version {VERSION} is answered until 2027-07; set `base_url` for another.",
    ),
    unverified=(
        "The spelling of hashed addresses: SHA-256 of the trimmed address in lower case.",
        "Letter case of mobile ids: sent in lower case.",
        "`identityLink` and `gum` are not sent: they need identifiers that the bridge cannot make.",
    ),
)
