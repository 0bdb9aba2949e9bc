"""X: signatures of OAuth 1.0a, places of operations, windows of two kinds, pages by cursor."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import quote

import pytest

from audiences.platforms import platform
from audiences.platforms._x_signature import base_string, signed
from audiences.platforms.base import Access, Answer, Request

X = platform("x")
NOW = datetime(2026, 7, 1, tzinfo=UTC)
# The example of X's own page "Creating a signature"; its form field stands in the query here,
# which is the same to the signature.
STATUS = "Hello Ladies + Gentlemen, a signed OAuth request!"
POST = Request(
    method="POST",
    path=f"https://api.twitter.com/1.1/statuses/update.json?include_entities=true&status={quote(STATUS)}",
)
THEIRS = Access(
    credentials=json.dumps(
        {
            "consumer_key": "xvz1evFS4wEEPTGEFPHBog",
            "consumer_secret": "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw",
            "access_token": "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb",
            "access_token_secret": "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE",
        }
    ),
    at=datetime.fromtimestamp(1318622958, UTC),
    nonce="kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg",
)


def test_the_signature_of_the_documents_example_comes_out() -> None:
    header = signed(POST, THEIRS)["authorization"]
    assert 'oauth_signature="hCtSmYh%2BiHYCEqBWrE7C7hYmtUk%3D"' in header
    assert header.startswith('OAuth oauth_consumer_key="xvz1evFS4wEEPTGEFPHBog", oauth_nonce=')


def test_no_secret_stands_in_the_header_and_each_part_changes_the_signature() -> None:
    plain = signed(POST, THEIRS)["authorization"]
    assert "kAcSOq" not in plain
    assert "Lswwdo" not in plain
    others = [
        signed(replace(POST, method="GET"), THEIRS),
        signed(replace(POST, path=POST.path + "&x="), THEIRS),
        signed(POST, replace(THEIRS, nonce="n")),
        signed(POST, replace(THEIRS, credentials=THEIRS.credentials.replace("kAcSOq", "k"))),
    ]
    assert len({plain, *(header["authorization"] for header in others)}) == 5


def test_addresses_are_signed_without_their_usual_port_and_letters_in_capitals() -> None:
    plain = base_string(Request(method="get", path="https://ads-api.x.com/12/a?b=c%20d"), [])
    same = Request(method="GET", path="HTTPS://ADS-API.X.COM:443/12/a?b=c+d")
    assert base_string(same, []) == plain
    other = base_string(Request(method="GET", path="http://127.0.0.1:8443/12/a?b=c+d"), [])
    assert "127.0.0.1%3A8443" in other


def test_four_words_are_as_good_as_json() -> None:
    words = " ".join(json.loads(THEIRS.credentials).values())
    assert signed(POST, replace(THEIRS, credentials=words)) == signed(POST, THEIRS)
    short = signed(POST, replace(THEIRS, credentials="one two"))["authorization"]
    assert 'oauth_consumer_key="one"' in short


@pytest.mark.parametrize(
    ("errors", "named"),
    [
        ([[], [{"code": "INVALID_PARAMETER"}], []], {1: "INVALID_PARAMETER"}),
        ([None, {"code": "MISSING_PARAMETER"}], {1: "MISSING_PARAMETER"}),
        ([[{"code": "ann@example.com"}]], {0: "invalid"}),
        ([[], [], [], [{"code": "INVALID_PARAMETER"}]], {}),  # there were three
        ("x", {}),
    ],
)
def test_operations_that_are_wrong_are_named_by_their_places(errors: object, named: dict) -> None:
    body = json.dumps({"data": None, "operation_errors": errors}).encode()
    assert X.outcome(Answer(status=400, body=body), 3).rejected == named


def test_the_accounts_window_counts_before_the_users() -> None:
    assert X.pace
    reset = str(int(NOW.timestamp()) + 30)
    user = {"x-rate-limit-remaining": "0", "x-rate-limit-reset": reset}
    assert X.pace(Answer(status=200, headers=user), NOW) == 30
    account = user | {
        "x-account-rate-limit-remaining": "5",
        "x-account-rate-limit-reset": reset,
    }
    assert X.pace(Answer(status=200, headers=account), NOW) is None
    assert X.pace(Answer(status=200), NOW) is None


def test_audiences_are_looked_through_by_cursor_and_deleted_ones_do_not_count() -> None:
    assert X.found
    asked = Request(method="GET", path="/accounts/a/custom_audiences?count=1000")
    gone = {"id": "1", "name": "vips", "deleted": True}
    first = Answer(status=200, body=json.dumps({"data": [gone], "next_cursor": "c 1"}).encode())
    second = X.found(asked, first, "vips")
    assert isinstance(second, Request)
    assert second.path.endswith("?count=1000&cursor=c%201")
    third = X.found(second, first, "vips")
    assert isinstance(third, Request)
    assert third.path.count("cursor=") == 1
    here = Answer(status=200, body=b'{"data":[{"id":"2","name":"vips"}],"next_cursor":null}')
    assert X.found(second, here, "vips") == "2"
