"""Meta: digests in the columns of one schema, Graph's error codes."""

from __future__ import annotations

from audiences.platforms.base import Action, Op, Row
from tests.contract.cases.case import RAW, Case, Error, Golden, digest, maid, sha

DIGEST = sha("x")


def graph(action: Action, code: int, subcode: int | None = None, status: int = 400, **more: object):
    error = {"code": code, "error_subcode": subcode, "message": "m", **more}
    return Error(status=status, body={"error": error}, action=action)


ALONG = ("FN", "LN", "CT", "ST", "ZIP", "COUNTRY", "GEN", "DOBY", "DOBM", "DOBD")


def body(*cells: str) -> str:
    """A body of one row; of what is not given there is nothing."""
    schema = ",".join(f'"{wire}"' for wire in ("EXTERN_ID", "EMAIL", "PHONE", "MADID", *ALONG))
    listed = ",".join(f'"{cell}"' for cell in (*cells, *[""] * (14 - len(cells))))
    return f'{{"payload":{{"schema":[{schema}],"data":[[{listed}]]}}}}'


def _cells(**texts: str) -> list[str]:
    return [sha(texts[wire]) if wire in texts else "" for wire in ALONG]


CASE = Case(
    account="act_1234567890",
    values={
        "EXTERN_ID": lambda n: f"c-{n}",
        "EMAIL": digest("email"),
        "PHONE": digest("phone"),
        "MADID": maid,
    },
    along={wire: digest(wire) for wire in ALONG},
    raw={"EXTERN_ID": RAW[:2]},  # the company's own text
    bad_row="counted",
    bad_wire="EMAIL",
    yes='{"num_received": 4, "num_invalid_entries": 0}',
    errors=[
        *(graph(Action.RETRY, code) for code in (1, 2, 4, 17, 32, 341, 613, 80003)),
        graph(Action.RETRY, 9999, is_transient=True),
        graph(Action.RETRY, 9999, status=500),
        Error(status=400, body="<html>bad gateway</html>", action=Action.RETRY),
        graph(Action.RETRY, 2650, 1870145),
        graph(Action.RETRY, 2650, 1870158),
        *(graph(Action.STOP, 2650, sub) for sub in (1870147, 1870144, None)),
        graph(Action.DONE, 2650, 1870159),
        *(graph(Action.REAUTH, 190, sub) for sub in (None, 458, 460, 463, 467, 492)),
        graph(Action.REAUTH, 102, status=401),
        *(graph(Action.STOP, code) for code in (200, 294, 368, 1487301, 1487366, 2655)),
        graph(Action.STOP, 200, 1870090, status=403),
        graph(Action.STOP, 100, 1713230),
        graph(Action.STOP, 100, 33),
        graph(Action.REFUSED, 100),
        graph(Action.REFUSED, 105),
        Error(
            status=200, body={"num_received": 3, "num_invalid_entries": 3}, action=Action.REFUSED
        ),
        Error(status=200, body="OK", action=Action.RETRY),
        Error(status=413, body="", action=Action.SPLIT),
    ],
    golden={
        Op.ADD: Golden(
            row=Row(
                (("EXTERN_ID", "khách-1"), ("EMAIL", DIGEST)),
                attributes=(("LN", sha("l")), ("ZIP", sha("z")), ("DOBD", sha("07"))),
            ),
            path="/{audience_id}/users",
            body=body("khách-1", DIGEST, "", "", *_cells(LN="l", ZIP="z", DOBD="07")),
        ),
        Op.REMOVE: Golden(
            row=Row((("MADID", maid(1)),)),
            path="/{audience_id}/users?method=delete",
            body=body("", "", "", maid(1)),
        ),
        Op.REPLACE: Golden(
            row=Row((("EMAIL", DIGEST),)),
            path="/{audience_id}/usersreplace",
            body=(
                '{"session":{"session_id":SESSION,"batch_seq":1,"last_batch_flag":true},'
                + body("", DIGEST, "", "")[1:]
            ).replace("SESSION", "2799813039307173938"),
        ),
    },
)
