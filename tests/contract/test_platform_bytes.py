"""The exact bytes of every platform's requests, and what each platform says of itself."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from audiences.identifiers.catalog import ATTRIBUTES
from audiences.platforms import MODULES, platform
from audiences.platforms.base import AUDIENCE_ID, Access, Batch, Op, Target
from audiences.platforms.limits import faults, limited
from shared.errors import BridgeError
from tests.contract.cases.case import NAMES, case, there

SLUGS = sorted(MODULES)
NOW = datetime(2026, 7, 1, 6, tzinfo=UTC)
AT = Target(account="act_42", audience="vips", audience_id=AUDIENCE_ID)
GOLDEN = [(name, op) for name in NAMES for op in sorted(there(name).ops)]


def _settings(slug: str) -> set[str]:
    return {setting.name for setting in platform(slug).settings}


@pytest.mark.parametrize(("name", "op"), GOLDEN)
def test_requests_are_these_very_bytes(name: str, op: Op) -> None:
    told, found = case(name), there(name)
    wanted, target = told.golden[op], replace(AT, options=told.options)
    rows = [wanted.row, *wanted.more]
    batch = Batch(op=op, target=target, rows=rows, at=NOW, starts=NOW)
    request = found.request(batch)
    assert (request.method, request.path) == (wanted.method, wanted.path)
    assert request.body.decode() == wanted.body
    assert not {"authorization", "ttd-auth", "access-token"} & set(request.headers)
    assert faults(found, told.options) == []


@pytest.mark.parametrize("slug", [s for s in SLUGS if platform(s).divide])
def test_some_rows_of_a_body_are_what_they_would_be_alone(slug: str) -> None:
    found, told = platform(slug), case(slug)
    assert found.divide
    rows = [told.row(found, n) for n in range(5)]
    whole = found.request(Batch(op=Op.ADD, target=AT, rows=rows, at=NOW, starts=NOW)).body
    some = [rows[0], rows[3], rows[4]]
    alone = found.request(Batch(op=Op.ADD, target=AT, rows=some, at=NOW, starts=NOW)).body
    assert found.divide(whole, [0, 3, 4]) == alone


@pytest.mark.parametrize("slug", [s for s in SLUGS if "attributes" in _settings(s)])
def test_a_destination_may_send_keys_alone(slug: str) -> None:
    options = {"attributes": "none"}
    whole, bare = platform(slug), limited(platform(slug), options)
    assert bare.attributes == ()
    assert bare.keys == tuple(key for key in whole.keys if not key.joined)
    assert limited(whole, {"attributes": "all"}) == limited(whole, {})
    row = case(slug).row(bare, 1)
    body = bare.request(Batch(op=Op.ADD, target=AT, rows=[row], at=NOW, starts=NOW)).body.decode()
    assert row.attributes == ()
    assert "givenName" not in body
    assert not [wire for wire, value in case(slug).along.items() if value(1) in body]


def test_a_token_address_of_the_credentials_is_used() -> None:
    found = platform("google")
    assert found.refresh
    secrets = {"client_id": "i", "client_secret": "s", "refresh_token": "r"}
    secrets["token_uri"] = "http://127.0.0.1:1/token"
    local = found.refresh(Access(credentials=json.dumps(secrets)))
    assert local
    assert local.path == "http://127.0.0.1:1/token"


@pytest.mark.parametrize("slug", SLUGS)
def test_a_platform_says_who_it_is(slug: str) -> None:
    found = platform(slug)
    assert found.slug == slug
    assert found.title
    assert found.docs.startswith("https://")
    assert found.base_url.startswith("https://")
    assert found.of <= {"people", "devices"}
    assert found.row_ttl == (found.max_ttl_days is not None)
    assert (found.create is None) == (found.created is None)
    assert (found.find is None) == (found.found is None)
    assert (found.size is None) == (found.sized is None)
    assert (found.status is None) == (found.status_outcome is None)
    assert not found.limits.one_wire or found.limits.keys_per_row == 1
    assert Op.ADD in found.ops
    assert found.account
    assert found.credentials
    names = [setting.name for setting in found.settings]
    assert len(names) == len(set(names))
    for setting in found.settings:
        assert not setting.choices or setting.default in setting.choices
        assert not setting.says.endswith(".")
    types = [t for key in (*found.keys, *found.attributes) for t in key.types]
    assert len(types) == len(set(types))
    # An attribute goes with keys that a removal names, in rows that are a person's.
    along = [key for key in found.keys if key.joined] + [*found.attributes]
    assert not along or (not found.row_ttl and "people" in found.of)
    assert all(t in ATTRIBUTES for key in along for t in key.types)
    assert all(len(key.types) == 1 and not key.joined for key in found.attributes)
    assert not along or any(setting.name == "attributes" for setting in found.settings)


def test_an_unknown_platform_is_a_plain_error() -> None:
    with pytest.raises(BridgeError, match="there is no platform 'myspace'"):
        platform("myspace")
