"""TikTok's files: what stands in an upload, and in which turn the audience takes it up."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime

import pytest

from audiences.platforms.base import Action, Answer, Batch, Course, Op, Part, Row, Target
from audiences.platforms.limits import limited
from audiences.platforms.tiktok import TIKTOK

AT = datetime(2026, 7, 1, 6, tzinfo=UTC)
FILES = limited(TIKTOK, {"flow": "files"})
THERE = Target(account="12", audience="vips", audience_id="190", options={"flow": "files"})
EMAIL, IDFA, GAID = ("e" * 64, "1" * 64, "2" * 64)


def test_an_upload_signs_its_file_and_gives_each_further_mobile_id_a_line() -> None:
    rows = [
        Row((("EMAIL_SHA256", EMAIL), ("IDFA_SHA256", IDFA), ("AAID_SHA256", GAID))),
        Row((("IDFA_SHA256", GAID),)),
    ]
    request = FILES.request(Batch(op=Op.ADD, target=THERE, rows=rows, at=AT))
    file = f"Email_SHA256,MAID_SHA256\n,{GAID}\n{EMAIL},{IDFA}\n,{GAID}\n".encode()
    mark = hashlib.sha256(file).hexdigest()[:32]
    assert request.content_type == f"multipart/form-data; boundary={mark}"
    signature = hashlib.md5(file, usedforsecurity=False).hexdigest().encode()
    assert b'name="file_signature"\r\n\r\n' + signature in request.body
    assert b"\r\n\r\n" + file + b"\r\n--" in request.body


def parts(op: Op, count: int) -> tuple[Part, ...]:
    return tuple(
        Part(id=f"{op}-{n:05d}", op=op, rows=1, bytes=1, sha256=EMAIL, path="/x")
        for n in range(count)
    )


@pytest.mark.parametrize(
    ("mode", "planned", "wanted"),
    [
        ("mirror", parts(Op.REMOVE, 1) + parts(Op.ADD, 2), [("REMOVE", 1), ("APPEND", 2)]),
        ("replace", parts(Op.ADD, 100), [("REPLACE", 49), ("APPEND", 49), ("APPEND", 2)]),
        ("mirror", parts(Op.REMOVE, 50), [("REMOVE", 49), ("REMOVE", 1)]),
        ("mirror", (), []),
    ],
)
def test_the_audience_takes_files_up_in_turn(
    mode: str, planned: tuple[Part, ...], wanted: list[tuple[str, int]]
) -> None:
    assert FILES.closing
    course = Course(target=THERE, at=AT, starts=AT, mode=mode, parts=planned)
    said = [json.loads(request.body) for request in FILES.closing(course)]
    assert [(one["action"], len(one["file_paths"])) for one in said] == wanted
    named = [path for one in said for path in one["file_paths"]]
    assert named == [part.handle for part in planned]


def test_an_upload_without_a_path_is_made_again() -> None:
    answer = Answer(status=200, body=b'{"code": 0, "data": {}}')
    assert FILES.outcome(answer, 3).action is Action.RETRY
    answer = Answer(status=200, body=b'{"code": 0, "data": {"file_path": "a/b"}}')
    assert FILES.outcome(answer, 3).handle == "a/b"
    assert TIKTOK.outcome(answer, 3).handle == ""
