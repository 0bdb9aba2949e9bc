"""Amazon: whose audience it is and where, names of records, and what a person agreed to."""

from __future__ import annotations

import json
import re

import pytest

from audiences.platforms import platform
from audiences.platforms.base import Access, Answer, Audience, Batch, Consent, Op, Row, Size, Target
from tests.contract.cases.case import sha

AMAZON = platform("amazon")
SECRETS = json.dumps({"client_id": "i", "client_secret": "s", "refresh_token": "r"})


def target(account: str = "42", **options: str) -> Target:
    return Target(account=account, audience="vips", audience_id="77", options=options)


def record(consent: Consent, op: Op = Op.ADD, **options: str) -> dict:
    row = Row((("email", sha("x")),), consent)
    body = AMAZON.request(Batch(op=op, target=target(**options), rows=[row])).body
    found: dict = json.loads(body)["records"][0]
    return found


@pytest.mark.parametrize(
    ("region", "host"),
    [("na", "amazon.com"), ("eu", "amazon.co.uk"), ("FE", "amazon.co.jp")],
)
def test_a_region_has_its_own_hosts(region: str, host: str) -> None:
    batch = Batch(op=Op.ADD, target=target(region=region), rows=[Row((("email", sha("x")),))])
    assert AMAZON.hosts[AMAZON.request(batch).host].startswith("https://advertising-api")
    assert AMAZON.refresh
    asked = AMAZON.refresh(Access(credentials=SECRETS, options={"region": region}))
    assert asked
    assert asked.path == f"https://api.{host}/auth/o2/token"
    assert not asked.headers  # Amazon refuses a token request with an Authorization header


@pytest.mark.parametrize(
    ("name", "called"),
    [
        ("vips", "vips audience"),
        ("v", "v audience"),
        ("khách quen.2026", "kh-ch quen-2026"),
        ("gold-customers", "gold-customers"),
        ("x" * 200, "x" * 128),
    ],
)
def test_a_name_is_one_that_amazon_takes(name: str, called: str) -> None:
    assert AMAZON.create
    request = AMAZON.create(target(), Audience(name=name, title="Gold, VN", description="20% off!"))
    body = json.loads(request.body)
    assert body["name"] == called
    assert re.fullmatch(r"[0-9a-zA-Z _-]{10,128}", called)
    assert re.fullmatch(r"[0-9a-zA-Z _-]+", body["description"])
    assert body["metadata"] == {"externalAudienceId": name, "ttl": 34_300_800}


@pytest.mark.parametrize(
    ("days", "seconds"), [("30", 2_592_000), ("9999", 34_300_800), ("0", 34_300_800)]
)
def test_a_lifetime_is_within_amazons_own(days: str, seconds: int) -> None:
    assert AMAZON.create
    made = AMAZON.create(target(ttl_days=days), Audience(name="vips", title=""))
    assert json.loads(made.body)["metadata"]["ttl"] == seconds


def test_a_number_is_an_advertiser_and_anything_else_a_connection() -> None:
    assert AMAZON.create
    made = AMAZON.create(target("580000000000000042"), Audience(name="vips", title=""))
    assert b'"targetResource":{"advertiserId":580000000000000042}' in made.body
    made = AMAZON.create(target("eb88dece-286d"), Audience(name="vips", title=""))
    assert b'"targetResource":{"connectionId":"eb88dece-286d"}' in made.body


@pytest.mark.parametrize(
    ("consent", "said"),
    [
        (Consent(True, True), "GRANTED"),
        (Consent(True, None), "GRANTED"),
        (Consent(True, False), "DENIED"),
        (Consent(False, True), "DENIED"),
    ],
)
def test_what_a_person_agreed_to_is_said(consent: Consent, said: str) -> None:
    assert record(consent)["userConsent"] == {"consent": {"amzn": {"amznUserData": said}}}
    assert "userConsent" not in record(consent, Op.REMOVE)


def test_what_nobody_knows_is_left_out() -> None:
    assert "userConsent" not in record(Consent())
    assert record(Consent(), country="de")["userConsent"] == {"geo": {"countryCode": "DE"}}


def test_a_record_is_named_by_its_keys_alone() -> None:
    assert record(Consent(True))["externalUserId"] == record(Consent(), Op.REMOVE)["externalUserId"]


def test_the_client_id_comes_from_the_credentials_or_the_destination() -> None:
    request = AMAZON.request(Batch(op=Op.ADD, target=target(), rows=[]))
    bare = AMAZON.authorise(request, Access(credentials="t", options={"client_id": "c"}))
    assert bare == {"authorization": "Bearer t", "amazon-advertising-api-clientid": "c"}
    both = json.dumps({"access_token": "t", "client_id": "i"})
    assert AMAZON.authorise(request, Access(credentials=both)) == {
        "authorization": "Bearer t",
        "amazon-advertising-api-clientid": "i",
    }


@pytest.mark.parametrize(
    ("counts", "size"),
    [
        ({"dspAudienceSize": 5, "receivedRecordSize": 9}, Size(5, 5)),
        ({"receivedRecordSize": 9.0}, Size(9, 9)),
        ({"receivedRecordSize": -1}, None),
        ("x", None),
    ],
)
def test_a_size_is_what_the_dsp_holds(counts: object, size: Size | None) -> None:
    assert AMAZON.sized
    body = json.dumps({"metadata": {"audienceSize": counts}}).encode()
    assert AMAZON.sized(Answer(status=200, body=body)) == size
