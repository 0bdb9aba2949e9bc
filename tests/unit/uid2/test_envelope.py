"""The envelope of operators: what they are told, and what may be believed of what they answer."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from audiences.platforms.base import Access, Action, Answer, Batch, Op, Row, Target
from audiences.uid2.envelope import opened, sealed
from audiences.uid2.keys import read_key
from audiences.uid2.operator import EUID, UID2
from shared.errors import ConfigurationError, DataError

AT = datetime(2026, 7, 1, 12, 0, 0, 123_000, tzinfo=UTC)
KEY, NONCE, IV = b"k" * 32, b"8 bytes!", b"twelve bytes"
SECRET = base64.b64encode(KEY).decode()
CREDENTIALS = json.dumps({"api_key": "an-api-key", "client_secret": SECRET})
ACCESS = Access(credentials=CREDENTIALS, at=AT, nonce="ab" * 16)
TARGET = Target(account="", audience="", audience_id="")


def answer_of(body: bytes, nonce: bytes = NONCE, key: bytes = KEY) -> bytes:
    """An answer as an operator seals it: without a version."""
    return IV + AESGCM(key).encrypt(IV, b"\0" * 8 + nonce + body, None)


@given(st.binary(max_size=200))
def test_a_request_says_when_it_was_made_and_what_it_is_called(body: bytes) -> None:
    envelope = sealed(KEY, body, at=AT, nonce=NONCE, iv=IV)
    assert (envelope[:1], envelope[1:13]) == (b"\x01", IV)
    plain = AESGCM(KEY).decrypt(IV, envelope[13:], None)
    assert int.from_bytes(plain[:8]) == 1_782_907_200_123  # ms since 1970
    assert (plain[8:16], plain[16:]) == (NONCE, body)


@given(st.binary(max_size=200))
def test_an_answer_is_believed_only_whole_and_to_its_own_request(body: bytes) -> None:
    envelope = answer_of(body)
    assert opened(KEY, envelope, nonce=NONCE) == body
    for wrong, why in (
        ({"nonce": b"another!"}, "another request"),
        ({"key": b"x" * 32}, "cannot be decrypted"),
        ({"envelope": envelope[:-1] + bytes([envelope[-1] ^ 1])}, "cannot be decrypted"),
        ({"envelope": envelope[:40]}, "too short"),
        ({"envelope": b""}, "too short"),
    ):
        given = {"key": KEY, "envelope": envelope, "nonce": NONCE, **wrong}
        with pytest.raises(DataError, match=why):
            opened(given["key"], given["envelope"], nonce=given["nonce"])


def test_no_two_requests_share_an_iv_or_a_nonce() -> None:
    seal = UID2.sealed
    assert seal is not None
    request = UID2.request(Batch(op=Op.ADD, target=TARGET, rows=[Row((("email_hash", "x"),))]))
    made = [seal(request, replace(ACCESS, nonce=f"{n:032x}")) for n in range(50)]
    assert len({one[1:13] for one in made}) == 50
    nonces = {AESGCM(KEY).decrypt(one[1:13], one[13:], None)[8:16] for one in made}
    assert len(nonces) == 50


def test_a_request_holds_digests_by_kind_and_nothing_of_the_credentials() -> None:
    rows = [
        Row((("email_hash", "a="),)),
        Row((("phone_hash", "b="),)),
        Row((("email_hash", "c="),)),
    ]
    request = EUID.request(Batch(op=Op.ADD, target=TARGET, rows=rows))
    assert request.body == b'{"email_hash":["a=","c="],"phone_hash":["b="]}'
    assert (request.path, request.content_type) == ("/v3/identity/map", "application/octet-stream")
    assert EUID.authorise(request, ACCESS) == {"authorization": "Bearer an-api-key"}
    assert "an-api-key" not in repr(read_key(ACCESS.credentials))
    assert SECRET not in repr(ACCESS)


def body_of(*elements: object, status: str = "success") -> bytes:
    return json.dumps({"status": status, "body": {"email_hash": elements}}).encode()


@pytest.mark.parametrize(
    ("status", "body", "action"),
    [
        (200, body_of({"e": "optout"}), Action.DONE),
        (200, body_of(), Action.RETRY),  # fewer than were asked about: nobody knows whose they are
        (200, body_of({"e": "optout"}, {"e": "optout"}), Action.RETRY),
        (200, body_of({"e": "optout"}, status="error"), Action.RETRY),
        (200, b"<html>", Action.RETRY),
        (400, b'{"status":"client_error"}', Action.STOP),
        (401, b'{"status":"unauthorized"}', Action.REAUTH),
        (429, b"", Action.RETRY),
        (503, b"", Action.RETRY),
        (0, b"", Action.RETRY),
    ],
)
def test_an_answer_means_what_is_documented(status: int, body: bytes, action: Action) -> None:
    assert UID2.outcome(Answer(status=status, body=body), 1).action is action


def test_only_a_success_is_taken_out_of_an_envelope() -> None:
    take_out = UID2.opened
    assert take_out is not None
    plain = Answer(status=400, body=b'{"status":"client_error"}')
    assert take_out(plain, ACCESS) == plain
    # One that cannot be opened is as good as none.
    assert take_out(Answer(status=200, body=answer_of(b"{}")), ACCESS).body == b""


@pytest.mark.parametrize(
    "text",
    ["", "a-key", "[]", '{"api_key": ""}', '{"api_key": "zqkey", "client_secret": "zqsecret"}',
     '{"api_key": "zqkey", "client_secret": 1}'],
)  # fmt: skip
def test_credentials_of_another_form_are_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(ConfigurationError, match="client_secret") as caught:
        read_key(text)
    assert "zq" not in str(caught.value)
