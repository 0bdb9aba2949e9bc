"""Google Customer Match over the Data Manager API: taken at once, judged later, in counts only."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from audiences.platforms import _google_account as account
from audiences.platforms import answers as say
from audiences.platforms._google_answers import outcome, status_outcome
from audiences.platforms.base import Batch, Key, Limits, Op, Platform, Request, Row, Target

KEYS = (
    # Not email_sha256: a gmail address loses its dots before hashing, and a digest keeps them.
    Key(wire="emailAddress", types=("email",)),
    Key(wire="phoneNumber", types=("phone",)),
)
_GRANTED = {True: "CONSENT_GRANTED", False: "CONSENT_DENIED"}


def _request(batch: Batch) -> Request:
    adding = batch.op is Op.ADD
    body: dict[str, Any] = {
        "destinations": [_destination(batch.target)],
        "audienceMembers": [_member(row, adding) for row in batch.rows],
        "encoding": "HEX",
    }
    if adding:
        body["termsOfService"] = {"customerMatchTermsOfServiceStatus": "ACCEPTED"}
    verb = "ingest" if adding else "remove"
    return Request(method="POST", path=f"/audienceMembers:{verb}", body=say.compact(body))


def _member(row: Row, adding: bool) -> dict[str, Any]:
    identifiers = [{wire: value} for wire, value in row.keys]
    member: dict[str, Any] = {"compositeData": {"userData": {"userIdentifiers": identifiers}}}
    said = {
        "adUserData": row.consent.ad_user_data,
        "adPersonalization": row.consent.ad_personalization,
    }
    consent = {name: _GRANTED[given] for name, given in said.items() if given is not None}
    return member | {"consent": consent} if adding and consent else member


def _destination(target: Target) -> dict[str, Any]:
    kind, login = account.account_type(target), target.options.get("login_account")
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
    limits=Limits(rows=10_000, keys_per_row=10, one_per_wire=False, concurrency=10, per_second=5.0),
    row_ttl=False,
    max_ttl_days=None,
    request=_request,
    outcome=outcome,
    authorise=account.authorise,
    find=account.find,
    found=account.found,
    create=account.create,
    created=account.created,
    status=_status,
    status_outcome=status_outcome,
    refresh=account.refresh,
    refreshed=account.refreshed,
)
