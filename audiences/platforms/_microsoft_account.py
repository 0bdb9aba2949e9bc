"""Microsoft Advertising's accounts and lists: what every call carries, whichever way rows go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audiences.platforms import answers as say
from audiences.platforms import oauth
from audiences.platforms.base import Access, Answer, Audience, Request, Setting, Size, Target
from shared.errors import RejectedError, RetryableError

LIFETIME = Setting(
    name="membership_duration",
    says="days that a member stays after the last add, 1 to 390; -1 is for ever",
    default="30",
)
SCOPE = Setting(
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


def ids(target: Target) -> tuple[str, str]:
    """Return the customer, empty where it is not said, and the account."""
    customer, _, account = target.account.rpartition("/")
    return customer.strip(), account.strip()


def headers(target: Target) -> dict[str, str]:
    """Return the headers that say for whom a call is."""
    customer, account = ids(target)
    return {"customeraccountid": account} | ({"customerid": customer} if customer else {})


def post(target: Target, path: str, body: Mapping[str, Any], host: str = "") -> Request:
    """Make a call of one of the services."""
    content, names = say.compact(body), headers(target)
    return Request(method="POST", path=path, body=content, headers=names, host=host)


def query(target: Target, wanted: list[str] | None) -> Request:
    """Ask for some lists, or with None for all; an empty list is refused."""
    return post(target, "/Audiences/QueryByIds", {"AudienceIds": wanted, "Type": "CustomerList"})


def create(target: Target, audience: Audience) -> Request:
    """Make a customer list."""
    customer, account = ids(target)
    scope = SCOPE.of(target)
    parent = account if scope == "Account" else customer
    new = {
        "Name": audience.name,
        "Type": "CustomerList",
        "Description": audience.description or audience.title,
        "Scope": scope,
        "MembershipDuration": int(LIFETIME.of(target)),
    }
    new |= {"ParentId": parent} if parent else {}
    return post(target, "/Audiences", {"Audiences": [new]})


def authorise(request: Request, access: Access) -> Mapping[str, str]:
    """Return the developer's token and the user's; a file has that in two headers.

    The guide to Bulk uploads wants `AuthenticationToken`, Microsoft's own client sends a bearer.
    """
    secrets = say.read_object(access.credentials.encode())
    # One bare word stands for both tokens, as it does in the sandbox.
    said = access.credentials if secrets is None else str(secrets.get("developer_token", ""))
    developer = {"developertoken": said.strip()} if said.strip() else {}
    token = oauth.token(access) if request.content_type.startswith("multipart/") else ""
    twice = {"authenticationtoken": token} if token else {}
    return {**oauth.bearer(request, access), **developer, **twice}


def _audiences(answer: Answer) -> list[dict[str, Any]]:
    listed = (say.read_object(answer.body) or {}).get("Audiences")
    if not isinstance(listed, list):
        raise RetryableError("Microsoft's list of audiences cannot be read")
    return say.objects(listed)


def found(_asked: Request, answer: Answer, name: str) -> str | None:
    """Return the id of the list of this name; the service has no pages."""
    one = next((a for a in _audiences(answer) if a.get("Name") == name and a.get("Id")), None)
    return str(one["Id"]) if one else None


def created(answer: Answer) -> str:
    """Return the id of a new list."""
    ids = (say.read_object(answer.body) or {}).get("AudienceIds")
    if not isinstance(ids, list) or not ids or not isinstance(ids[0], (str, int)) or not ids[0]:
        raise RejectedError("Microsoft made a customer list but did not say its id")
    return str(ids[0])


def sized(answer: Answer) -> Size | None:
    """Return the smallest and largest of the sizes in the networks; there is none at first."""
    try:
        one = _audiences(answer)[0]
    except (RetryableError, IndexError):
        return None
    said = [one.get(network) for network in ("SearchSize", "AudienceNetworkSize")]
    sizes = [int(n) for n in said if isinstance(n, (int, str)) and str(n).isdecimal()]
    return Size(min(sizes), max(sizes)) if sizes else None
