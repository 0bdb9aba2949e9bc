"""File drop: a CSV a batch, then a manifest and `.done`; no answer names a row."""

from __future__ import annotations

from audiences.platforms.base import Action, Op, Row
from audiences.platforms.file_drop import KEYS
from tests.contract.cases.case import Case, Error, Golden, digest, maid, sha

DIGEST = sha("x")
COLUMNS = "external_id,email_sha256,phone_sha256,idfa,gaid,maid,ctv,cookie,uid2,euid,line_user_id"


def golden(word: str, action: str) -> Golden:
    return Golden(
        method="PUT",
        row=Row((("external_id", 'C,"1'), ("email_sha256", DIGEST))),
        path=f"/vips_{word}_20260701T060000Z_00001.csv",
        body=f'action,{COLUMNS}\n{action},"C,""1",{DIGEST},,,,,,,,,\n',
    )


CASE = Case(
    account="partner",
    values={key.wire: digest(key.wire) if key.wire.endswith("_sha256") else maid for key in KEYS},
    bad_row="silent",
    bad_wire="email_sha256",
    lone_batches=False,
    yes="",
    errors=[
        Error(status=200, body="", action=Action.DONE),
        Error(status=201, body="created", action=Action.DONE),
        Error(status=200, body="<html>log in</html>", action=Action.RETRY),
        Error(status=401, body="", action=Action.REAUTH),
        *(
            Error(status=s, body="", action=Action.STOP)
            for s in (302, 400, 403, 404, 405, 413, 422)
        ),
        *(Error(status=s, body="", action=Action.RETRY) for s in (408, 409, 429, 500, 503)),
    ],
    golden={
        Op.ADD: golden("add", "add"),
        Op.REMOVE: golden("remove", "remove"),
        Op.REPLACE: golden("full", "add"),
    },
)
