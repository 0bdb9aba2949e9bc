"""The exact bytes of every platform's requests, and what each platform says of itself."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import pytest

from audiences.platforms import MODULES, platform
from audiences.platforms.base import AUDIENCE_ID, Batch, Consent, Op, Row, Target
from shared.errors import BridgeError

SLUGS = sorted(MODULES)
MAID = "ea7583cd-a667-48bc-b806-000000000001"
AT = Target(account="act_42", audience="vips", audience_id=AUDIENCE_ID)
DIGEST = hashlib.sha256(b"x").hexdigest()
GOLDEN = {
    ("meta", Op.ADD): (
        Row((("EXTERN_ID", "khách-1"), ("EMAIL", DIGEST))),
        "/{audience_id}/users",
        (
            '{"payload":{"schema":["EXTERN_ID","EMAIL","PHONE","MADID"],'
            f'"data":[["khách-1","{DIGEST}","",""]]}}}}'
        ),
    ),
    ("meta", Op.REMOVE): (
        Row((("MADID", MAID),)),
        "/{audience_id}/users?method=delete",
        (
            '{"payload":{"schema":["EXTERN_ID","EMAIL","PHONE","MADID"],'
            f'"data":[["","","","{MAID}"]]}}}}'
        ),
    ),
    ("google", Op.ADD): (
        Row((("emailAddress", DIGEST), ("emailAddress", DIGEST)), Consent(True, None)),
        "/audienceMembers:ingest",
        (
            '{"destinations":[{"operatingAccount":{"accountType":"GOOGLE_ADS","accountId":"act_42"},'
            '"loginAccount":{"accountType":"GOOGLE_ADS","accountId":"9998887777"},'
            '"productDestinationId":"{audience_id}"}],'
            '"audienceMembers":[{"compositeData":{"userData":{"userIdentifiers":'
            f'[{{"emailAddress":"{DIGEST}"}},{{"emailAddress":"{DIGEST}"}}]}}}},'
            '"consent":{"adUserData":"CONSENT_GRANTED"}}],"encoding":"HEX",'
            '"termsOfService":{"customerMatchTermsOfServiceStatus":"ACCEPTED"}}'
        ),
    ),
    ("google", Op.REMOVE): (
        Row((("phoneNumber", DIGEST),), Consent(True, False)),
        "/audienceMembers:remove",
        (
            '{"destinations":[{"operatingAccount":{"accountType":"GOOGLE_ADS","accountId":"act_42"},'
            '"loginAccount":{"accountType":"GOOGLE_ADS","accountId":"9998887777"},'
            '"productDestinationId":"{audience_id}"}],'
            '"audienceMembers":[{"compositeData":{"userData":{"userIdentifiers":'
            f'[{{"phoneNumber":"{DIGEST}"}}]}}}}}}],"encoding":"HEX"}}'
        ),
    ),
    ("the_trade_desk", Op.ADD): (
        Row((("TDID", MAID),), ttl_minutes=999_999),
        "/data/advertiser",
        (
            '{"AdvertiserId":"act_42","DataProviderId":"ourdp","Items":[{'
            f'"TDID":"{MAID}","CookieMappingPartnerId":"cm",'
            '"Data":[{"Name":"vips","TtlInMinutes":129600}]}]}'
        ),
    ),
    ("the_trade_desk", Op.REMOVE): (
        Row((("DAID", MAID),), ttl_minutes=60),
        "/data/advertiser",
        (
            '{"AdvertiserId":"act_42","DataProviderId":"ourdp","Items":[{'
            f'"DAID":"{MAID}","Data":[{{"Name":"vips","TtlInMinutes":0}}]}}]}}'
        ),
    ),
}
OPTIONS = {
    "login_account": "999-888-7777",
    "data_provider_id": "ourdp",
    "cookie_mapping_partner_id": "cm",
}


@pytest.mark.parametrize("slug", SLUGS)
@pytest.mark.parametrize("op", list(Op))
def test_requests_are_these_very_bytes(slug: str, op: Op) -> None:
    one, path, body = GOLDEN[slug, op]
    there = replace(AT, options=OPTIONS)
    request = platform(slug).request(Batch(op=op, target=there, rows=[one]))
    assert (request.method, request.path) == ("POST", path)
    assert request.body.decode() == body
    assert not {"authorization", "ttd-auth"} & set(request.headers)


def test_a_token_address_of_the_credentials_is_used() -> None:
    found = platform("google")
    assert found.refresh
    secrets = {"client_id": "i", "client_secret": "s", "refresh_token": "r"}
    local = found.refresh(json.dumps({**secrets, "token_uri": "http://127.0.0.1:1/token"}))
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
    assert (found.find is None) == (found.create is None)
    types = [t for key in found.keys for t in key.types]
    assert len(types) == len(set(types))


def test_an_unknown_platform_is_a_plain_error() -> None:
    with pytest.raises(BridgeError, match="there is no platform 'myspace'"):
        platform("myspace")
