"""The Trade Desk: one id an item with its own lifetime, failed lines by number."""

from __future__ import annotations

import base64

from audiences.platforms.base import Action, Op, Row
from tests.contract.cases.case import RAW, Case, Error, Golden, maid


def lines(action: Action, *found: dict[str, str], status: int = 400) -> Error:
    return Error(status=status, body={"FailedLines": list(found)}, action=action)


def body(item: str) -> str:
    return '{"AdvertiserId":"act_42","DataProviderId":"ourdp","Items":[' + item + "]}"


def raw_uid(n: int) -> str:
    """A raw UID2: base64, whose letters keep their case."""
    return base64.b64encode(b"+/" * 14 + n.to_bytes(4, "big")).decode()


CASE = Case(
    account="abc123",
    values={"TDID": maid, "DAID": maid, "UID2": raw_uid, "EUID": raw_uid},
    options={"data_provider_id": "ourdp", "cookie_mapping_partner_id": "cm"},
    raw={"TDID": RAW[:3]},  # a cookie may have any length but a digest's
    bad_wire="DAID",
    errors=[
        Error(status=200, body={}, action=Action.DONE),
        Error(status=200, body="", action=Action.DONE),
        Error(status=240, body="", action=Action.DONE),
        Error(status=200, body="<html>", action=Action.RETRY),
        lines(Action.DONE, {"ErrorCode": "MissingUserId"}),
        Error(status=400, body="Bad Request", action=Action.REFUSED),
        Error(status=413, body={"ErrorCode": "MaxRequestSizeExceeded"}, action=Action.SPLIT),
        Error(status=401, body="Unauthorized", action=Action.REAUTH),
        Error(status=403, body="Forbidden", action=Action.STOP),
        *(Error(status=s, body="x", action=Action.RETRY) for s in (429, 500, 502, 503, 504)),
    ],
    golden={
        Op.ADD: Golden(
            row=Row((("TDID", maid(1)),), ttl_minutes=999_999),
            path="/data/advertiser",
            body=body(
                f'{{"TDID":"{maid(1)}","CookieMappingPartnerId":"cm",'
                '"Data":[{"Name":"vips","TtlInMinutes":129600}]}'
            ),
        ),
        Op.REMOVE: Golden(
            row=Row((("DAID", maid(1)),), ttl_minutes=60),
            path="/data/advertiser",
            body=body(f'{{"DAID":"{maid(1)}","Data":[{{"Name":"vips","TtlInMinutes":0}}]}}'),
        ),
    },
)
