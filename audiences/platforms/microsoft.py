"""Microsoft Advertising customer lists: hashed addresses, refused singly by their places."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audiences.platforms import _microsoft_answers as judge
from audiences.platforms import answers as say
from audiences.platforms import oauth
from audiences.platforms.base import (
    Access,
    Audience,
    Batch,
    Key,
    Limits,
    Op,
    Platform,
    Request,
    Setting,
    Target,
)
from audiences.platforms.bodies import rows_at

LIFETIME = Setting(
    name="membership_duration",
    says="days that a member stays after the last add, 1 to 390; -1 is for ever",
    default="30",
)
_SCOPE = Setting(
    name="scope",
    says="who may use a new list: the account, or all accounts of the customer",
    default="Account",
    choices=("Account", "Customer"),
)
OAUTH = oauth.OAuth(
    title="Microsoft Advertising",
    token_url="https://login.microsoftonline.com/common/oauth2/v2.0/token",  # noqa: S106 - address
    form={"scope": "https://ads.microsoft.com/msads.manage offline_access"},
)
_ACTIONS = {Op.ADD: "Add", Op.REMOVE: "Remove"}


def _ids(target: Target) -> tuple[str, str]:
    """Return the customer, empty where it is not said, and the account."""
    customer, _, account = target.account.rpartition("/")
    return customer.strip(), account.strip()


def _post(target: Target, path: str, body: Mapping[str, Any]) -> Request:
    customer, account = _ids(target)
    headers = {"customeraccountid": account} | ({"customerid": customer} if customer else {})
    return Request(method="POST", path=path, body=say.compact(body), headers=headers)


def _request(batch: Batch) -> Request:
    data = {
        "ActionType": _ACTIONS[batch.op],
        "AudienceId": batch.target.audience_id,
        "CustomerListItemSubType": "Email",
        "CustomerListItems": [value for row in batch.rows for _, value in row.keys],
        # Wanted in every call: it takes the place of the click in the web interface.
        "AcceptCustomerMatchTerm": True,
    }
    return _post(batch.target, "/CustomerListUserData/Apply", {"CustomerListUserData": data})


def _query(target: Target, ids: list[str] | None) -> Request:
    """Ask for some lists, or with None for all; an empty list is refused."""
    body = {"AudienceIds": ids, "Type": "CustomerList"}
    return _post(target, "/Audiences/QueryByIds", body)


def _create(target: Target, audience: Audience) -> Request:
    customer, account = _ids(target)
    scope = _SCOPE.of(target)
    parent = account if scope == "Account" else customer
    new = {
        "Name": audience.name,
        "Type": "CustomerList",
        "Description": audience.description or audience.title,
        "Scope": scope,
        "MembershipDuration": int(LIFETIME.of(target)),
    }
    new |= {"ParentId": parent} if parent else {}
    return _post(target, "/Audiences", {"Audiences": [new]})


def _authorise(request: Request, access: Access) -> Mapping[str, str]:
    secrets = say.read_object(access.credentials.encode())
    # One bare word stands for both tokens, as it does in the sandbox.
    said = access.credentials if secrets is None else str(secrets.get("developer_token", ""))
    developer = {"developertoken": said.strip()} if said.strip() else {}
    return {**oauth.bearer(request, access), **developer}


MICROSOFT = Platform(
    slug="microsoft",
    title="Microsoft Advertising Customer Match",
    base_url="https://campaign.api.bingads.microsoft.com/CampaignManagement/v13",
    version="v13",
    docs="https://learn.microsoft.com/advertising/campaign-management-service/applycustomerlistuserdata",
    keys=(Key(wire="Email", types=("email", "email_sha256")),),
    of=frozenset({"people"}),
    limits=Limits(rows=1_000, keys_per_row=1, one_per_wire=False, concurrency=4, per_second=5.0),
    row_ttl=False,
    max_ttl_days=None,
    forgets=LIFETIME,
    minimum=300,
    request=_request,
    outcome=judge.outcome,
    divide=rows_at("CustomerListUserData", "CustomerListItems"),
    authorise=_authorise,
    refresh=OAUTH.refresh,
    refreshed=OAUTH.refreshed,
    probe=lambda target: _query(target, None),
    told=judge.told,
    find=lambda target: _query(target, None),
    found=judge.found,
    create=_create,
    created=judge.created,
    size=lambda target: _query(target, [target.audience_id]),
    sized=judge.sized,
    account="customer id and account id, as `123/456`",
    credentials=(
        "JSON with `developer_token`, and either `access_token` or `client_id`, `client_secret`, "
        "`refresh_token`"
    ),
    lifetime="as `membership_duration` says, from the last add",
    answers=judge.ANSWERS,
    settings=(LIFETIME, _SCOPE),
    notes=(
        "Every call says that Microsoft's customer match terms are accepted: read them first.",
        "Each renewal gives a new refresh token: store the credentials where they can be written.",
        (
            "Mode `replace` is not offered: a replacement holds at most 1,000 addresses, and the "
            "next one would throw out those of the first."
        ),
        "Sizes come a day or two after the first members.",
        "A list that was made elsewhere keeps its own duration: set `membership_duration` to it.",
    ),
    unverified=(
        "Calls a minute, which Microsoft keeps to itself: 5 a second, and slower when it says so.",
        "Phone numbers and mobile ids, which the API names and the documents call not supported.",
        "Whether somebody who shows no activity for 180 days leaves a list before its duration.",
    ),
)
