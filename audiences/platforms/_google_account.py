"""Google's user lists and OAuth tokens: what an account needs before members can be sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode

from audiences.platforms import answers as say
from audiences.platforms.base import Answer, Audience, Request, Setting, Size, Target
from audiences.platforms.oauth import OAuth
from shared.errors import RejectedError

OAUTH = OAuth(title="Google", token_url="https://oauth2.googleapis.com/token")  # noqa: S106 - address
MAX_LIFETIME_DAYS = 540
LOGIN_ACCOUNT = Setting(name="login_account", says="the manager account that signs in")
ACCOUNT_TYPE = Setting(
    name="account_type",
    says="the kind of account",
    default="GOOGLE_ADS",
    choices=("GOOGLE_ADS", "DISPLAY_VIDEO_ADVERTISER", "DISPLAY_VIDEO_PARTNER", "DATA_PARTNER"),
)


def _lists(target: Target) -> str:
    account = quote(target.account.replace("-", ""))
    return f"/accountTypes/{quote(ACCOUNT_TYPE.of(target))}/accounts/{account}/userLists"


def _login(target: Target) -> Mapping[str, str]:
    login = LOGIN_ACCOUNT.of(target).replace("-", "")
    name = f"accountTypes/{ACCOUNT_TYPE.of(target)}/accounts/{login}"
    return {"login-account": name} if login else {}


def probe(target: Target) -> Request:
    """Ask for one user list of the account."""
    return Request(method="GET", path=f"{_lists(target)}?pageSize=1", headers=_login(target))


def find(target: Target) -> Request:
    """Ask for the user list of the audience's name."""
    name = target.audience.replace("\\", "\\\\").replace('"', '\\"')
    query = urlencode({"pageSize": 1000, "filter": f'displayName = "{name}"'})
    return Request(method="GET", path=f"{_lists(target)}?{query}", headers=_login(target))


def found(asked: Request, answer: Answer, name: str) -> str | Request | None:
    """Return the id of the user list of this name, or the request for the next page."""
    found = say.named(answer.body, "userLists", "displayName", name)
    if found:
        return _list_id(found)
    token = (say.read_object(answer.body) or {}).get("nextPageToken")
    if not isinstance(token, str) or not token:
        return None
    path = asked.path.partition("&pageToken=")[0]
    return replace(asked, path=f"{path}&pageToken={quote(token, safe='')}")


def _list_id(user_list: Mapping[str, Any]) -> str:
    name = str(user_list.get("name", ""))
    value = name.rpartition("/userLists/")[2] or str(user_list.get("id", ""))
    if not value.isdecimal():
        raise RejectedError("Google made or found a user list but did not say its id")
    return value


def create(target: Target, audience: Audience) -> Request:
    """Make a user list for contact data; its kind of keys is fixed for ever."""
    body: dict[str, Any] = {
        "displayName": audience.name,
        "description": audience.description or audience.title,
        "ingestedUserListInfo": {
            "uploadKeyTypes": ["CONTACT_ID"],
            "contactIdInfo": {"dataSourceType": "DATA_SOURCE_TYPE_FIRST_PARTY"},
        },
    }
    if audience.lifetime_days is not None:
        body["membershipDuration"] = f"{min(audience.lifetime_days, MAX_LIFETIME_DAYS) * 86400}s"
    return Request(
        method="POST", path=_lists(target), body=say.compact(body), headers=_login(target)
    )


def created(answer: Answer) -> str:
    """Return the id of a new user list."""
    return _list_id(say.read_object(answer.body) or {})


def size(target: Target) -> Request:
    """Ask for the user list."""
    path = f"{_lists(target)}/{quote(target.audience_id)}"
    return Request(method="GET", path=path, headers=_login(target))


def sized(answer: Answer) -> Size | None:
    """Return the list's size where Google says one; it counts users of a network, not rows."""
    info = (say.read_object(answer.body) or {}).get("sizeInfo")
    found = info.get("displayNetworkMembersCount") if isinstance(info, dict) else None
    if not isinstance(found, int | str) or not str(found).isdecimal():
        return None
    return Size(int(found), int(found))
