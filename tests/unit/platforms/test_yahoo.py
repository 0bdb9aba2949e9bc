"""Yahoo DataX: segments in a tree of many advertisers, forms, assertions, order within a run."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiences.platforms import platform
from audiences.platforms._yahoo_taxonomy import segment_id
from audiences.platforms.base import Access, Action, Answer, Audience, Batch, Op, Row, Target

YAHOO = platform("yahoo")
TARGET = Target(account="7001", audience="vips", audience_id="7001_vips")
NOW = datetime(2026, 7, 1, tzinfo=UTC)


def tree(*nodes: object) -> Answer:
    return Answer(status=200, body=json.dumps(nodes).encode())


def test_a_segment_is_found_at_any_depth_and_no_other_advertisers_of_the_same_name() -> None:
    assert YAHOO.find
    assert YAHOO.found
    asked = YAHOO.find(TARGET)
    theirs = {"id": "7002_vips", "name": "vips"}
    ours = {"id": "7001_vips", "name": "vips"}
    nested = {"id": "a", "subTaxonomy": [{"name": "b", "subTaxonomy": [theirs, ours]}]}
    assert YAHOO.found(asked, tree(theirs, nested), "vips") == "7001_vips"
    assert YAHOO.found(asked, tree(theirs), "vips") is None
    assert YAHOO.found(YAHOO.find(replace(TARGET, account="7002")), tree(theirs), "vips") == (
        "7002_vips"
    )


@given(st.text(max_size=12), st.text(max_size=12))
def test_names_that_differ_are_segments_that_differ_in_letters_that_yahoo_takes(a, b) -> None:
    one, other = segment_id("7", a), segment_id("7", b)
    assert (one == other) == (a == b)
    assert one.isascii()
    assert one.replace("_", "").isalnum()


def test_a_new_segment_is_its_advertisers_alone_under_the_parent_that_is_set() -> None:
    assert YAHOO.create
    options = {"parent": "node/1", "gdpr_mode": "oath_is_processor"}
    request = YAHOO.create(replace(TARGET, options=options), Audience(name="vips", title="VIPs"))
    assert request.path == "/v1/taxonomy/append/node%2F1"
    boundary = request.content_type.partition("boundary=")[2]
    _, metadata, data, end = request.body.decode().split(f"--{boundary}")
    assert end == "--\r\n"
    assert json.loads(metadata.split("\r\n\r\n")[1]) == {"description": "7001_vips"}
    assert json.loads(data.split("\r\n\r\n")[1]) == [
        {
            "id": "7001_vips",
            "name": "vips",
            "type": "SEGMENT",
            "users": {"include": ["7001"]},
            "gdpr_mode": "oath_is_processor",
        }
    ]


@pytest.mark.parametrize(
    ("status", "body", "action"),
    [
        (200, b"[]", Action.DONE),
        (202, b'{"status":{"state":"PROCESSING"}}', Action.RETRY),
        (202, b"{}", Action.RETRY),
        (202, b'{"status":{"state":"ERROR"}}', Action.REFUSED),
        (400, b"", Action.REFUSED),
        (401, b"", Action.REAUTH),
    ],
)
def test_a_segment_that_is_begun_is_not_there_yet(status: int, body: bytes, action: Action) -> None:
    assert YAHOO.told
    outcome = YAHOO.told(Answer(status=status, body=body))
    assert outcome.action is action
    assert status != 202 or action is not Action.RETRY or "45 minutes" in outcome.message


def test_an_assertion_is_signed_for_one_use_and_one_hour() -> None:
    assert YAHOO.refresh
    secrets = json.dumps({"client_id": "abc", "client_secret": "s"})
    access = Access(credentials=secrets, at=NOW, nonce="n1", options={"scope": "other"})
    request = YAHOO.refresh(access)
    assert request
    form = {name: value for name, (value,) in parse_qs(request.body.decode()).items()}
    assert form["scope"] == "other"
    head, claims, signature = form["client_assertion"].split(".")
    wanted = hmac.digest(b"s", f"{head}.{claims}".encode(), hashlib.sha256)
    assert base64.urlsafe_b64decode(signature + "=") == wanted
    read = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    assert read["iss"] == read["sub"] == "idb2b.dsp.datax.abc"
    assert (read["jti"], read["exp"] - read["iat"]) == ("n1", 3600)
    assert read["iat"] == int(NOW.timestamp())


def test_what_goes_out_and_in_again_in_one_run_is_in_at_last() -> None:
    def moment(op: Op) -> int:
        row = Row((("GPADVID", "x"),), ttl_minutes=5)
        body = YAHOO.request(Batch(op=op, target=TARGET, rows=[row], at=NOW, starts=NOW)).body
        return int(json.loads(body)["data"][0][-1].rpartition("ts=")[2])

    assert moment(Op.ADD) > moment(Op.REMOVE)
