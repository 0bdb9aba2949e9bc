"""OneSignal: a tag of a user stands for being in an audience; one user a request."""

from __future__ import annotations

from urllib.parse import quote

from audiences.platforms import answers as say
from audiences.platforms.base import (
    Access,
    Action,
    Answer,
    Batch,
    Key,
    Limits,
    Op,
    Outcome,
    Platform,
    Request,
)
from audiences.platforms.bodies import called
from shared.errors import ConfigurationError

KEYS = (Key(wire="external_id", types=("external_id",)),)
_IN, _OUT = "1", ""  # an empty value takes the tag away


def _request(batch: Batch) -> Request:
    if len(batch.rows) != 1:
        raise ConfigurationError("OneSignal takes one user a request: leave out rows_per_request")
    target = batch.target
    tags = {called(target): _OUT if batch.op is Op.REMOVE else _IN}
    # The user stands in the body: an address is written down on the way.
    user = {"identity": dict(batch.rows[0].keys), "properties": {"tags": tags}}
    return Request(
        method="POST",
        path=f"/apps/{quote(target.account, safe='')}/users",
        body=say.compact(user),
    )


def _outcome(answer: Answer, rows: int) -> Outcome:
    if answer.status == 400:
        return say.judged(Action.DONE, "http_400", rejected=dict.fromkeys(range(rows), "http_400"))
    # No key and a wrong one are forbidden alike; what else is forbidden, a person must mend.
    if answer.status == 403 and b"API key" in answer.body:
        return say.judged(Action.REAUTH, "http_403")
    if answer.status in (200, 201, 202):
        body = say.read_object(answer.body)
        if body is not None and isinstance(body.get("identity"), dict):
            return Outcome(action=Action.DONE)
        return say.by_status(Answer(status=0), "unreadable")
    return say.by_status(answer)


def _authorise(_request: Request, access: Access) -> dict[str, str]:
    return {"authorization": f"Key {access.credentials.strip()}"}


ONESIGNAL = Platform(
    slug="onesignal",
    title="OneSignal",
    base_url="https://api.onesignal.com",
    version="2026-08",  # of the documents: the URLs carry none
    docs="https://documentation.onesignal.com/reference/create-user",
    keys=KEYS,
    of=frozenset({"people"}),
    limits=Limits(
        rows=1,
        keys_per_row=1,
        one_per_wire=True,
        concurrency=10,
        per_second=200.0,
    ),
    row_ttl=False,
    max_ttl_days=None,
    request=_request,
    outcome=_outcome,
    authorise=_authorise,
    account="app id",
    credentials="App API key",
    answers={
        Action.DONE: "200, 201 or 202 with the user's `identity`; 400: the user is not taken",
        Action.RETRY: "429, 5xx; 2xx without it",
        Action.REAUTH: "401; 403 that asks for an API key",
        Action.REFUSED: "other 4xx",
        Action.STOP: "403 otherwise, 404",
    },
    notes=(
        (
            "The tag has the audience's name and the value 1, and is taken away when someone "
            "leaves; `audience_ids: {vips: in_vips}` names another."
        ),
        "Users are named by `external_id` alone; one that OneSignal does not know is made.",
        (
            "It takes 1,000 requests a second and app, and one user in each: an audience of a "
            "million is on its way for more than an hour at the pace set here."
        ),
        "It says nothing of subscriptions: whom OneSignal may write to is decided there.",
    ),
    unverified=(
        (
            "That the creation of a user who is there already sets their tags: the documents say "
            "that it modifies an existing user. The call that updates one has the customer number "
            "in its address, where it would be logged on the way."
        ),
    ),
)
