"""The platforms' own models read the bridge's exact bodies, and would write the same again."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

dm = pytest.importorskip("google.ads.datamanager_v1")


def google(op: str, body: str) -> str:
    verb = "Remove" if op == "remove" else "Ingest"
    model = getattr(dm, f"{verb}AudienceMembersRequest")
    read = model.from_json(body, ignore_unknown_fields=False)
    return model.to_json(read, use_integers_for_enums=False, including_default_value_fields=False)


def the_trade_desk(_op: str, body: str) -> str:
    models = pytest.importorskip("ttd_data.models")
    read = models.AdvertiserDataRequest.model_validate_json(body)
    return read.model_dump_json(by_alias=True, exclude_unset=True)


def microsoft(_op: str, body: str) -> str:
    pytest.importorskip("bingads")
    from openapi_client.models.campaign import ApplyCustomerListUserDataRequest

    read = ApplyCustomerListUserDataRequest.from_dict(json.loads(body))
    return json.dumps(read.to_dict())


def line(_op: str, body: str) -> str:
    audience = pytest.importorskip("linebot.v3.audience")
    adds = "audienceGroupId" in json.loads(body)
    name = "AddAudienceToAudienceGroupRequest" if adds else "CreateAudienceGroupRequest"
    return getattr(audience, name).from_json(body).to_json()


def criteo(_op: str, body: str) -> str:
    module = "criteo_api_marketingsolutions_v2027_01"
    models = pytest.importorskip(f"{module}.models")
    utils = pytest.importorskip(f"{module}.model_utils")
    strict = pytest.importorskip(f"{module}.configuration").Configuration(
        discard_unknown_keys=False
    )
    kind = (models.ContactlistAmendmentRequest,)
    read = utils.validate_and_convert_types(json.loads(body), kind, ["body"], True, True, strict)
    return json.dumps(utils.model_to_dict(read))


READERS: dict[str, Callable[[str, str], str]] = {
    "google": google,
    "the_trade_desk": the_trade_desk,
    "microsoft": microsoft,
    "criteo": criteo,
    "line": line,
}


def numberless(value: Any) -> Any:
    """The same document with its numbers as text: models differ in how they write long ids."""
    if isinstance(value, dict):
        return {key: numberless(held) for key, held in value.items()}
    if isinstance(value, list):
        return [numberless(held) for held in value]
    return str(value) if type(value) is int else value


@pytest.mark.parametrize("slug", READERS)
def test_a_body_of_ours_is_one_of_theirs(ours: dict[str, dict[str, str]], slug: str) -> None:
    if slug not in ours:
        pytest.skip("the bridge has no such platform yet")
    assert {"add"} <= set(ours[slug])
    for op, body in ours[slug].items():
        # A planned body holds the place of an audience that is not there yet.
        whole = body.replace("{audience_id}", "7090000001")
        again = READERS[slug](op, whole)
        assert numberless(json.loads(again)) == numberless(json.loads(whole)), op


def test_a_body_that_is_not_theirs_is_noticed() -> None:
    with pytest.raises(Exception, match="colour"):
        google("add", '{"colour":"red"}')
