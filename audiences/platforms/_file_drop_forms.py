"""The forms of files: how each receiver wants them named, laid out and ended."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from audiences.platforms import answers as say
from audiences.platforms.base import AUDIENCE_ID, Batch, Course, Op, Request, Setting, Target
from audiences.platforms.sheets import Sheet
from shared.errors import ConfigurationError

OWNER = Setting(
    name="data_owner",
    says="`adobe`: the data source that the traits belong to, where it is another than the ids'",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One receiver's convention; `columns` are those that it can read."""

    ops: frozenset[Op]
    columns: tuple[str, ...]
    single: bool  # whether a file holds one kind of id
    named: Callable[[Batch], str]  # the path below the base URL, without .gz
    written: Callable[[Batch, Sequence[str]], str]
    content_type: str = "text/csv"
    closing: Callable[[Course], Sequence[Request]] | None = None


def _own_name(batch: Batch) -> str:
    word = "full" if batch.op is Op.REPLACE else str(batch.op)
    stamp = f"{batch.at:%Y%m%dT%H%M%SZ}"
    return f"/{batch.target.audience}_{word}_{stamp}_{batch.number + 1:05d}.csv"


def _own_rows(batch: Batch, columns: Sequence[str]) -> str:
    sheet = own_sheet(batch, columns)
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([sheet.columns, *sheet.rows])
    return out.getvalue()


def own_sheet(batch: Batch, columns: Sequence[str]) -> Sheet:
    """Return what each row does, and its identifiers."""
    action = "remove" if batch.op is Op.REMOVE else "add"
    keys = [dict(row.keys) for row in batch.rows]
    rows = [[action, *(one.get(column) for column in columns)] for one in keys]
    return Sheet(("action", *columns), rows)


def _manifest(course: Course) -> list[Request]:
    """Say after all parts which files belong together, and then that they are all there."""
    stem = f"/{course.target.audience}_{course.at:%Y%m%dT%H%M%SZ}"
    files = [
        {"name": part.path.rpartition("/")[2], "action": _action(course, part.op)}
        | {"rows": part.rows, "bytes": part.bytes, "sha256": part.sha256}
        for part in course.parts
    ]
    told = {
        "audience": course.target.audience,
        "mode": course.mode,
        "at": f"{course.at:%Y-%m-%dT%H:%M:%SZ}",
    }
    body = say.compact(told | {"files": files})
    digest = hashlib.sha256(body).hexdigest() + "\n"
    return [
        Request(method="PUT", path=f"{stem}.manifest.json", body=body),
        Request(method="PUT", path=f"{stem}.done", body=digest.encode(), content_type="text/plain"),
    ]


def _action(course: Course, op: Op) -> str:
    return "full" if course.mode == "replace" else str(op)


def _liveramp_name(batch: Batch) -> str:
    return f"/{batch.target.audience}_{batch.at:%Y%m%dT%H%M%SZ}_{batch.number + 1:05d}.csv"


def _liveramp_rows(batch: Batch, columns: Sequence[str]) -> str:
    """Quote every value, leave a missing one empty, and end without a line break."""
    lines = [_quoted([*columns, batch.target.audience])]
    for row in batch.rows:
        keys = dict(row.keys)
        lines.append(_quoted([*(keys.get(column, "") for column in columns), "true"]))
    return "\n".join(lines)


def _quoted(cells: Sequence[str]) -> str:
    doubled = (cell.replace('"', '""') for cell in cells)
    return ",".join(f'"{cell}"' if cell else "" for cell in doubled)


def _adobe_name(batch: Batch) -> str:
    """Name the data source and the instant; what adds is later than what takes out."""
    source, owner = batch.target.account, OWNER.of(batch.target)
    if not re.fullmatch(r"[0-9]{1,12}", source) or not re.fullmatch(r"[0-9]{0,12}", owner):
        raise ConfigurationError("Adobe's `account` and `data_owner` are numbers of data sources")
    instant = int(batch.at.timestamp()) + (batch.op is Op.ADD)
    ids = f"{source}_{owner}" if owner else source
    return f"/date={batch.at:%Y-%m-%d}/ftp_dpm_{ids}_{instant}.sync.{batch.number + 1}"


def _adobe_rows(batch: Batch, _columns: Sequence[str]) -> str:
    word = "d_unsid" if batch.op is Op.REMOVE else "d_sid"
    trait = _trait(batch.target)
    return "".join(f"{value}\t{word}={trait}\n" for row in batch.rows for _, value in row.keys)


def _trait(target: Target) -> str:
    trait = target.audience_id
    if trait != AUDIENCE_ID and not re.fullmatch(r"[0-9]{1,12}", trait):
        raise ConfigurationError(
            f"Adobe goes by numbers of traits: write audience_ids: {{{target.audience}: 12345}}"
        )
    return trait


_DEVICES = ("idfa", "gaid", "maid", "ctv", "cookie", "uid2", "euid", "line_user_id")
FORMS = {
    "bridge": Form(
        ops=frozenset(Op),
        columns=("external_id", "email_sha256", "phone_sha256", *_DEVICES),
        single=False,
        named=_own_name,
        written=_own_rows,
        closing=_manifest,
    ),
    "liveramp": Form(
        ops=frozenset({Op.ADD, Op.REPLACE}),
        columns=("external_id", "email_sha256", "idfa", "gaid", "maid", "cookie"),
        single=False,
        named=_liveramp_name,
        written=_liveramp_rows,
    ),
    "adobe": Form(
        ops=frozenset({Op.ADD, Op.REMOVE}),
        columns=("external_id", "email_sha256"),
        single=True,
        named=_adobe_name,
        written=_adobe_rows,
        content_type="text/plain",
    ),
}
