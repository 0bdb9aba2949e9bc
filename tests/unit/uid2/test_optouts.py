"""Who has opted out: what an operator is asked of raw ids, and what it may answer."""

from __future__ import annotations

import base64
import json

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from audiences.platforms.base import Action, Answer
from audiences.uid2.envelope import opened
from audiences.uid2.operator import EUID, UID2
from audiences.uid2.optouts import read_opted_out, status_outcome, status_request
from tests.unit.uid2.test_envelope import ACCESS, KEY, answer_of

ASKED = ("a=", "b=")


def body_of(*out: object, status: str = "success") -> bytes:
    return json.dumps({"status": status, "body": {"opted_out": out}}).encode()


A = {"advertising_id": "a=", "opted_out_since": 1633643601000}


def test_a_question_goes_and_comes_as_text() -> None:
    request = status_request(ASKED)
    assert request.body == b'{"advertising_ids":["a=","b="]}'
    assert (request.method, request.path) == ("POST", "/v2/optout/status")
    for platform in (UID2, EUID):
        seal, take_out = platform.sealed, platform.opened
        assert seal is not None
        assert take_out is not None
        sent = base64.b64decode(seal(request, ACCESS), validate=True)
        nonce = sent_nonce(sent)
        assert opened(KEY, sent[1:], nonce=nonce) == request.body
        answer = answer_of(b"said", nonce)
        for came in (answer, base64.b64encode(answer), base64.b64encode(answer) + b"\n"):
            assert take_out(Answer(status=200, body=came), ACCESS).body == b"said"


def sent_nonce(sent: bytes) -> bytes:

    return AESGCM(KEY).decrypt(sent[1:13], sent[13:], None)[8:16]


@pytest.mark.parametrize(
    ("status", "body", "action"),
    [
        (200, body_of(), Action.DONE),
        (200, body_of(A), Action.DONE),
        (200, body_of({"advertising_id": "c="}), Action.RETRY),  # an answer to something else
        (200, body_of("a="), Action.RETRY),
        (200, body_of(A, status="error"), Action.RETRY),
        (200, b'{"status":"success","body":{}}', Action.RETRY),
        (200, b"", Action.RETRY),
        (400, b'{"status":"client_error"}', Action.STOP),
        (401, b'{"status":"unauthorized"}', Action.REAUTH),
        (404, b"Not Found", Action.STOP),
        (429, b"", Action.RETRY),
        (500, b"", Action.RETRY),
        (0, b"", Action.RETRY),
    ],
)
def test_an_answer_means_what_is_documented(status: int, body: bytes, action: Action) -> None:
    assert status_outcome(Answer(status=status, body=body), ASKED).action is action


def test_an_operator_without_the_call_is_told_with_what_to_write() -> None:
    told = status_outcome(Answer(status=404, body=b""), ASKED).message
    assert "optout_days: 0" in told


def test_those_that_are_named_have_opted_out() -> None:
    assert read_opted_out(body_of(A), ASKED) == {"a="}
    assert read_opted_out(body_of(), ASKED) == frozenset()
    assert read_opted_out(body_of(None), ASKED) is None
