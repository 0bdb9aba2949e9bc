"""Yahoo DataX: an identifier a row with the end of its membership, wrong rows counted."""

from __future__ import annotations

from audiences.platforms.base import Action, Op, Row
from tests.contract.cases.case import RAW, Case, Error, Golden, digest, maid, sha

DIGEST = sha("x")
AT = 1782885600  # 2026-07-01 06:00


def counted(action: Action, processed: int, invalid: int) -> Error:
    body = {"totalRows": 3, "processedRows": processed, "invalidRows": invalid}
    return Error(status=200, body=body | {"exampleInvalidRows": ["[ann@x.com]"]}, action=action)


def golden(row: Row, cells: str, segment: str) -> Golden:
    columns = '["SHA256EMAIL","IDFA","GPADVID","HASHEDID","SEGMENTS"]'
    return Golden(
        row=row,
        path="/online/audience/",
        body=f'{{"schema":{columns},"gdpr":false,"data":[[{cells},"{segment}"]]}}',
    )


CASE = Case(
    account="7001",
    tokens_at="/zts/v1/oauth2/token",
    values={
        "SHA256EMAIL": digest("email"),
        "IDFA": lambda n: maid(n).upper(),
        "GPADVID": maid,
        "HASHEDID": digest("phone"),
    },
    raw={"IDFA": RAW[:3], "GPADVID": RAW[:3]},
    bad_row="counted",
    nothing="[]",
    yes='{"totalRows":4,"processedRows":4,"invalidRows":0}',
    errors=[
        counted(Action.DONE, 3, 0),
        counted(Action.DONE, 2, 1),
        counted(Action.REFUSED, 0, 3),
        Error(status=200, body="OK", action=Action.RETRY),
        Error(status=200, body={}, action=Action.RETRY),
        Error(status=400, body={"error": {"code": 400}}, action=Action.REFUSED),
        Error(status=401, body={"error": {"code": 401}}, action=Action.REAUTH),
        *(Error(status=s, body="", action=Action.STOP) for s in (403, 404)),
        Error(status=413, body="", action=Action.SPLIT),
        *(Error(status=s, body="", action=Action.RETRY) for s in (429, 500, 503)),
    ],
    golden={
        Op.ADD: golden(
            Row((("HASHEDID", DIGEST),), ttl_minutes=60),
            f'"","","","{DIGEST}"',
            f"exp={AT + 3600}&seg_id={{audience_id}}&ts={AT + 1}",
        ),
        Op.REMOVE: golden(
            Row((("GPADVID", maid(1)),), ttl_minutes=0),
            f'"","","{maid(1)}",""',
            f"exp=0&seg_id={{audience_id}}&ts={AT}",
        ),
    },
)
