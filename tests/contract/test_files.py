"""Files for others: conventions to the letter, what a reader waits for, and modes that fit."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audiences import destinations
from audiences.delivery.outbox import Planned
from audiences.delivery.parquet import written
from audiences.delivery.sender import deliver
from audiences.flows.taking import check
from audiences.platforms import platform
from audiences.platforms.base import Access, Batch, Course, Op, Part, Request, Row, Target
from audiences.platforms.limits import limited
from audiences.rules.spec import Audience
from shared.aws.drop import connect
from shared.errors import ConfigurationError
from shared.transports import Transports
from tests.contract.cases.case import sha
from tests.fakes import MemoryStore
from tests.unit.delivery import stage

AT = datetime(2026, 7, 1, 6, tzinfo=UTC)
FILES = platform("file_drop")
ADOBE = {"convention": "adobe"}
LIVERAMP = {"convention": "liveramp", "columns": "email_sha256, external_id"}


def batch(options: dict[str, str], op: Op = Op.ADD, **target: str) -> Batch:
    there = Target(account="21", audience="vips", audience_id="vips", options=options)
    rows = [Row((("external_id", 'C"1'), ("email_sha256", sha("x")))), Row((("external_id", "2"),))]
    return Batch(op=op, target=replace(there, **target), rows=rows, at=AT)


def test_liveramp_has_every_value_in_quotes_and_no_last_line_break() -> None:
    request = FILES.request(batch(LIVERAMP))
    assert request.path == "/vips_20260701T060000Z_00001.csv"
    lines = ['"external_id","email_sha256","vips"', f'"C""1","{sha("x")}","true"', '"2",,"true"']
    assert request.body.decode() == "\n".join(lines)


def test_adobe_has_an_id_and_its_trait_on_a_line() -> None:
    rows = [Row((("external_id", "C1"),)), Row((("external_id", "C2"),))]
    adds = replace(batch({**ADOBE, "data_owner": "99"}, audience_id="12345"), rows=rows)
    added = FILES.request(adds)
    removed = FILES.request(replace(adds, op=Op.REMOVE, number=1))
    assert added.path == "/date=2026-07-01/ftp_dpm_21_99_1782885601.sync.1"
    assert added.body == b"C1\td_sid=12345\nC2\td_sid=12345\n"
    assert removed.path == "/date=2026-07-01/ftp_dpm_21_99_1782885600.sync.2"
    assert removed.body == b"C1\td_unsid=12345\nC2\td_unsid=12345\n"


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ({"audience_id": "vips"}, "audience_ids: {vips: 12345}"),
        ({"account": "act_21", "audience_id": "1"}, "numbers of data sources"),
    ],
)
def test_adobe_without_its_numbers_is_refused(target: dict[str, str], why: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        FILES.request(batch(ADOBE, **target))
    assert why in str(caught.value)


def test_a_packed_file_is_the_same_bytes_at_any_time() -> None:
    plain, packed = (FILES.request(batch({"compression": how})) for how in ("none", "gzip"))
    assert packed.path == plain.path + ".gz"
    assert gzip.decompress(packed.body) == plain.body
    assert packed == FILES.request(batch({"compression": "gzip"}))


def test_done_comes_after_a_manifest_that_proves_every_part() -> None:
    assert FILES.closing
    part = Part(id="add-0", op=Op.ADD, rows=2, bytes=9, sha256=sha("p"), path="/vips_add_x.csv")
    course = Course(target=batch({}).target, at=AT, starts=AT, mode="mirror", parts=(part,))
    manifest, done = FILES.closing(course)
    assert manifest.path == "/vips_20260701T060000Z.manifest.json"
    assert done.path == "/vips_20260701T060000Z.done"
    told = json.loads(manifest.body)
    assert (told["audience"], told["mode"], told["at"]) == (
        "vips",
        "mirror",
        "2026-07-01T06:00:00Z",
    )
    named = {"name": "vips_add_x.csv", "action": "add", "rows": 2, "bytes": 9}
    assert told["files"] == [named | {"sha256": sha("p")}]
    assert done.body.decode().strip() == hashlib.sha256(manifest.body).hexdigest()
    assert FILES.closing(replace(course, target=batch(LIVERAMP).target)) == ()


@pytest.mark.parametrize(
    ("options", "ops", "columns"),
    [
        ({"columns": "gaid,external_id"}, set(Op), ["external_id", "gaid"]),
        (LIVERAMP, {Op.ADD, Op.REPLACE}, ["external_id", "email_sha256"]),
        (ADOBE, {Op.ADD, Op.REMOVE}, ["external_id"]),
        ({**ADOBE, "columns": "email_sha256"}, {Op.ADD, Op.REMOVE}, ["email_sha256"]),
    ],
)
def test_a_convention_takes_what_it_can_read(
    options: dict[str, str], ops: set[Op], columns: list[str]
) -> None:
    found = limited(FILES, options)
    assert [key.wire for key in found.keys] == columns
    assert (found.ops, found.limits.keys_per_row) == (ops, len(columns))


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"columns": "email"}, "'columns' cannot hold 'email'"),
        ({**LIVERAMP, "columns": "phone_sha256"}, "cannot hold 'phone_sha256'"),
        ({**ADOBE, "columns": "external_id,email_sha256"}, "more than one kind"),
    ],
)
def test_columns_that_a_convention_lacks_are_refused(options: dict[str, str], why: str) -> None:
    with pytest.raises(ConfigurationError, match=why):
        limited(FILES, options)


@pytest.mark.parametrize("codec", ["none", "gzip", "snappy"])
def test_parquet_has_the_rows_of_the_csv_as_texts(codec: str) -> None:
    plain = FILES.request(batch({}))
    planned = FILES.request(batch({"format": "parquet", "compression": codec}))
    assert planned.path == plain.path.removesuffix(".csv") + ".parquet"
    request = written(planned)
    assert request == written(planned)
    found = pq.ParquetFile(io.BytesIO(request.body))
    assert {column.type for column in found.schema_arrow} == {pa.string()}
    assert found.metadata.row_group(0).column(0).compression == {"none": "UNCOMPRESSED"}.get(
        codec, codec.upper()
    )
    header, *lines = csv.reader(io.StringIO(plain.body.decode()))
    rows = [dict(zip(header, (cell or None for cell in line), strict=True)) for line in lines]
    assert found.read().to_pylist() == rows


def test_a_parquet_file_of_nobody_has_its_columns() -> None:
    nobody = replace(batch({"format": "parquet"}), rows=[], op=Op.REPLACE)
    found = pq.read_table(io.BytesIO(written(FILES.request(nobody)).body))
    assert (found.num_rows, found.column_names[:2]) == (0, ["action", "external_id"])


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"format": "parquet", "convention": "liveramp"}, "this convention has text files only"),
        ({"format": "parquet", "convention": "adobe"}, "this convention has text files only"),
        ({"compression": "snappy"}, "is for format: parquet"),
    ],
)
def test_a_format_that_nobody_reads_is_refused(options: dict[str, str], why: str) -> None:
    with pytest.raises(ConfigurationError, match=why):
        limited(FILES, options)


def test_a_convention_that_takes_nobody_out_has_no_mirror() -> None:
    audience = Audience(name="vips", title="", of="people", digest="", where=None)
    with pytest.raises(ConfigurationError, match=r"no mode 'mirror' here \(use add or replace"):
        check(audience, limited(FILES, LIVERAMP), "mirror")
    check(audience, limited(FILES, LIVERAMP), "replace")
    check(audience, limited(FILES, {}), "mirror")


HEAD = "name: x\nplatform: file_drop\naccount: partner\n"


def test_a_bucket_goes_by_the_role_and_nothing_else_does() -> None:
    text = f"{HEAD}credentials: role\nbase_url: "
    assert destinations.parse(f"{text}s3://drop/in", "x.yaml").credentials == "role"
    with pytest.raises(ConfigurationError, match="'role' opens only buckets"):
        destinations.parse(f"{text}https://files.example/in", "x.yaml")
    with pytest.raises(ConfigurationError, match="'base_url' is missing"):
        destinations.parse(f"{HEAD}credentials: role\n", "x.yaml")


def test_credentials_go_as_the_place_takes_them() -> None:
    pair = '{"user":"u","password":"p"}'
    at = replace(FILES.request(batch({})), path="https://files.example/x")
    basic = FILES.authorise(at, Access(credentials=pair, at=AT))
    assert basic == {"authorization": "Basic dTpw"}
    assert FILES.authorise(replace(at, path="s3://b/x"), Access(credentials="", at=AT)) == {}
    sftp = FILES.authorise(replace(at, path="sftp://h/x"), Access(credentials=pair, at=AT))
    assert sftp == {"authorization": f"SFTP {pair}"}


def test_files_land_in_a_bucket_with_all_that_a_reader_waits_for(
    endpoint: str, bucket: str
) -> None:
    store = MemoryStore()
    part = FILES.request(batch({"compression": "gzip"}))
    assert FILES.closing
    named = Part(
        id="add-00000",
        op=Op.ADD,
        rows=2,
        bytes=len(part.body),
        sha256=hashlib.sha256(part.body).hexdigest(),
        path=part.path,
    )
    course = Course(target=batch({}).target, at=AT, starts=AT, mode="mirror", parts=(named,))
    around = [(f"close-{n:05d}", "close", r) for n, r in enumerate(FILES.closing(course))]
    plan = stage.plan(
        store,
        *(as_planned(*each) for each in [("add-00000", "add", part), *around]),
        platform="file_drop",
    )
    session, _, _ = stage.session(lambda _: stage.LOST, platform=FILES)
    session.http = Transports({"s3": lambda: connect(endpoint, "eu-west-1")})
    session.base_url, session.credentials = f"s3://{bucket}/in", ""
    assert deliver(session, store, plan, "vips") == 3
    client = boto3.client("s3", endpoint_url=endpoint)
    found = client.list_objects_v2(Bucket=bucket)["Contents"]
    assert {one["Key"] for one in found} == {
        "in/vips_add_20260701T060000Z_00001.csv.gz",
        "in/vips_20260701T060000Z.manifest.json",
        "in/vips_20260701T060000Z.done",
    }
    (listed,) = json.loads(_read(client, bucket, ".manifest.json"))["files"]
    packed = _read(client, bucket, ".csv.gz")
    assert listed["sha256"] == hashlib.sha256(packed).hexdigest()
    assert gzip.decompress(packed).startswith(b"action,external_id,email_sha256,")


def as_planned(name: str, op: str, request: Request) -> tuple[Planned, bytes]:
    made = Planned(
        id=name,
        op=op,
        rows=2 if op == "add" else 0,
        method=request.method,
        path=request.path,
        content_type=request.content_type,
        headers=request.headers,
        sha256=hashlib.sha256(request.body).hexdigest(),
        bytes=len(request.body),
        alone=op == "close",
    )
    return made, request.body


def _read(client: Any, bucket: str, ending: str) -> bytes:
    keys = [one["Key"] for one in client.list_objects_v2(Bucket=bucket)["Contents"]]
    (key,) = (key for key in keys if key.endswith(ending))
    body: bytes = client.get_object(Bucket=bucket, Key=key)["Body"].read()
    return body
