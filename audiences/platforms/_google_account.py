"""Google's user lists and OAuth tokens: what an account needs before members can be sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from audiences.platforms import answers as say
from audiences.platforms.base import Audience, Request, Target
from shared.errors import CredentialError, RejectedError

TOKEN_URL = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address, not a secret
MAX_LIFETIME_DAYS = 540


def account_type(target: Target) -> str:
    """Return the kind of account that a destination names, Google Ads where it names none."""
    return target.options.get("account_type", "GOOGLE_ADS")


def _lists(target: Target) -> str:
    account = quote(target.account.replace("-", ""))
    return f"/accountTypes/{quote(account_type(target))}/accounts/{account}/userLists"


def _login(target: Target) -> Mapping[str, str]:
    login = target.options.get("login_account", "").replace("-", "")
    name = f"accountTypes/{account_type(target)}/accounts/{login}"
    return {"login-account": name} if login else {}


def find(target: Target) -> Request:
    """Ask for the user list of the audience's name."""
    name = target.audience.replace("\\", "\\\\").replace('"', '\\"')
    query = urlencode({"pageSize": 1000, "filter": f'displayName = "{name}"'})
    return Request(method="GET", path=f"{_lists(target)}?{query}", headers=_login(target))


def found(body: bytes, name: str) -> str | None:
    """Return the id of the user list of this name."""
    found = say.named(body, "userLists", "displayName", name)
    return _list_id(found) if found else None


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


def authorise(request: Request, credentials: str) -> Mapping[str, str]:
    """Return the bearer header, from a bare token or the JSON of an OAuth client."""
    if not request.path.startswith("/"):
        return {}  # the token endpoint finds its credentials in the body
    secrets = say.read_object(credentials.encode())
    token = credentials if secrets is None else str(secrets.get("access_token", ""))
    return {"authorization": f"Bearer {token.strip()}"} if token.strip() else {}


def refresh(credentials: str) -> Request | None:
    """Ask for a new access token; None where the credentials are a bare token."""
    secrets = say.read_object(credentials.encode()) or {}
    form = {n: secrets.get(n) for n in ("client_id", "client_secret", "refresh_token")}
    if not all(isinstance(value, str) and value for value in form.values()):
        return None
    return Request(
        method="POST",
        path=str(secrets.get("token_uri", TOKEN_URL)),
        body=urlencode(form | {"grant_type": "refresh_token"}).encode(),
        content_type="application/x-www-form-urlencoded",
    )


def refreshed(credentials: str, body: bytes) -> str:
    """Return the credentials with the new access token in them.

    Raises:
        CredentialError: when there is none in the answer.

    """
    answer, secrets = say.read_object(body) or {}, say.read_object(credentials.encode()) or {}
    if not isinstance(answer.get("access_token"), str):
        raise CredentialError("Google gave no access token: the refresh token must be renewed")
    kept = {n: answer[n] for n in ("access_token", "refresh_token") if n in answer}
    return say.compact(secrets | kept).decode()


def created(body: bytes) -> str:
    """Return the id of a new user list."""
    return _list_id(say.read_object(body) or {})
