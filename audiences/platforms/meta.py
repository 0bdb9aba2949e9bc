"""Meta customer-file Custom Audiences: rows under one fixed schema, judged by Graph error codes."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

from audiences.platforms import _meta_answers as judged
from audiences.platforms import answers as say
from audiences.platforms import oauth
from audiences.platforms.alongside import ATTRIBUTES, keys, variant
from audiences.platforms.base import (
    Answer,
    Audience,
    Batch,
    Key,
    Limits,
    Op,
    Platform,
    Request,
    Setting,
    Size,
    Target,
)
from audiences.platforms.bodies import rows_at, unique

VERSION = "v26.0"
KEYS = (
    Key(wire="EXTERN_ID", types=("external_id",)),
    Key(wire="EMAIL", types=("email", "email_sha256")),
    Key(wire="PHONE", types=("phone",)),
    Key(wire="MADID", types=("idfa", "gaid", "maid")),
)
ALONG = (  # FI says nothing that FN does not
    *keys(FN="first_name", LN="last_name", CT="city", ST="state", ZIP="zip", COUNTRY="country"),
    *keys(GEN="gender", DOBY="birth_year", DOBM="birth_month", DOBD="birth_day"),
)
# One schema for ever: an audience that has seen another answers "#2650 data source mismatch".
SCHEMA = [key.wire for key in KEYS + ALONG]

_EDGES = {
    Op.ADD: "users",
    # A DELETE loses its body in some proxies; Graph takes the method as a parameter of a POST.
    Op.REMOVE: "users?method=delete",
    Op.REPLACE: "usersreplace",
}
_FILE_SOURCE = Setting(
    name="customer_file_source",
    says="where the records come from",
    default="USER_PROVIDED_ONLY",
    choices=(
        "USER_PROVIDED_ONLY",
        "PARTNER_PROVIDED_ONLY",
        "BOTH_USER_AND_PARTNER_PROVIDED",
    ),
)


def _request(batch: Batch) -> Request:
    rows = (dict(row.keys + row.attributes) for row in batch.rows)
    data = [[row.get(wire, "") for wire in SCHEMA] for row in rows]
    body: dict[str, Any] = {"payload": {"schema": SCHEMA, "data": data}}
    if batch.op is Op.REPLACE:
        number = unique(batch.target, batch.at)
        session = {"session_id": number, "batch_seq": batch.number + 1}
        body = {"session": session | {"last_batch_flag": batch.last}} | body
    path = f"/{quote(batch.target.audience_id, safe='{}')}/{_EDGES[batch.op]}"
    return Request(method="POST", path=path, body=say.compact(body))


def _edge(target: Target) -> str:
    return f"/act_{quote(target.account.removeprefix('act_'))}/customaudiences"


def _find(target: Target) -> Request:
    wanted = [{"field": "name", "operator": "EQUAL", "value": target.audience}]
    # An account has at most 500 customer-file audiences, so the filter leaves one page at most.
    query = {"fields": "id,name", "limit": "500", "filtering": say.compact(wanted)}
    return Request(method="GET", path=f"{_edge(target)}?{urlencode(query)}")


def _found(_asked: Request, answer: Answer, name: str) -> str | None:
    audience = say.named(answer.body, "data", "name", name)
    return str(audience["id"]) if audience and audience.get("id") else None


def _create(target: Target, audience: Audience) -> Request:
    body = {
        "name": audience.name,
        "subtype": "CUSTOM",
        "description": audience.description or audience.title,
        "customer_file_source": _FILE_SOURCE.of(target),
    }
    return Request(method="POST", path=_edge(target), body=say.compact(body))


def _size(target: Target) -> Request:
    fields = "approximate_count_lower_bound,approximate_count_upper_bound"
    return Request(method="GET", path=f"/{quote(target.audience_id)}?fields={fields}")


def _sized(answer: Answer) -> Size | None:
    body = say.read_object(answer.body) or {}
    low, high = (body.get(f"approximate_count_{side}_bound") for side in ("lower", "upper"))
    if not isinstance(low, int) or not isinstance(high, int) or low < 0:
        return None  # Graph writes -1 where it does not say
    return Size(low, high)


META = Platform(
    slug="meta",
    title="Meta Custom Audiences",
    base_url=f"https://graph.facebook.com/{VERSION}",
    version=VERSION,
    docs="https://developers.facebook.com/docs/marketing-api/reference/custom-audience/users",
    keys=KEYS,
    attributes=ALONG,
    of=frozenset({"people"}),
    limits=Limits(rows=10_000, keys_per_row=4, one_per_wire=True, concurrency=4, per_second=10.0),
    row_ttl=False,
    max_ttl_days=None,
    ops=frozenset(Op),
    replace_minutes=90,
    minimum=100,
    request=_request,
    outcome=judged.outcome,
    divide=rows_at("payload", "data"),
    pace=judged.pace,
    authorise=oauth.bearer,
    probe=lambda target: Request(method="GET", path=f"{_edge(target)}?fields=id&limit=1"),
    find=_find,
    found=_found,
    create=_create,
    created=lambda answer: say.made(answer.body, "id"),
    size=_size,
    sized=_sized,
    account="ad account, `act_` may be left out",
    credentials="system user token",
    consent="none exists for customer lists",
    answers=judged.ANSWERS,
    variant=variant,
    settings=(_FILE_SOURCE, ATTRIBUTES),
    notes=judged.NOTES,
    unverified=judged.UNVERIFIED,
)
