"""Files for others, put into a bucket or onto a server, as they, LiveRamp or Adobe want it."""

from __future__ import annotations

import gzip
from collections.abc import Mapping, Sequence
from dataclasses import replace

from audiences.platforms import _file_drop_account as account
from audiences.platforms._file_drop_formats import COMPRESSION, FORMAT, packing
from audiences.platforms._file_drop_forms import FORMS, OWNER, Form, own_sheet
from audiences.platforms.base import (
    Batch,
    Course,
    Key,
    Limits,
    Op,
    Platform,
    Request,
    Setting,
)
from shared.errors import ConfigurationError

_TYPES = {"email_sha256": ("email", "email_sha256"), "phone_sha256": ("phone", "phone_sha256")}
KEYS = tuple(
    Key(wire=column, types=_TYPES.get(column, (column,))) for column in FORMS["bridge"].columns
)
CONVENTION = Setting(
    name="convention",
    says="whose conventions the files follow",
    default="bridge",
    choices=tuple(FORMS),
)
COLUMNS = Setting(
    name="columns",
    says="the columns of identifiers, with commas; empty: all that the convention knows",
)


def _form(options: Mapping[str, str]) -> Form:
    return FORMS[options.get(CONVENTION.name, CONVENTION.default).lower()]


def _columns(options: Mapping[str, str]) -> tuple[str, ...]:
    """Return the columns in their own order.

    Raises:
        ConfigurationError: when the convention has no such column, or wants one alone.
    """
    form = _form(options)
    wanted = {name.strip() for name in options.get(COLUMNS.name, "").split(",")} - {""}
    if unknown := sorted(wanted - {*form.columns}):
        known = ", ".join(form.columns)
        raise ConfigurationError(f"'columns' cannot hold '{unknown[0]}' (it may hold {known})")
    found = tuple(column for column in form.columns if not wanted or column in wanted)
    if form.single and len(found) > 1:
        if wanted:
            raise ConfigurationError("'columns' holds more than one kind, and a file only one")
        found = found[:1]
    return found


def _request(batch: Batch) -> Request:
    options = batch.target.options
    form = _form(options)
    codec, parquet = packing(options, form)
    if parquet:
        path = form.named(batch).removesuffix(".csv") + ".parquet"
        sheet = replace(own_sheet(batch, _columns(options)), codec=codec)
        return Request(method="PUT", path=path, sheet=sheet)
    packed = codec == "gzip"
    body = form.written(batch, _columns(options)).encode()
    return Request(
        method="PUT",
        path=form.named(batch) + (".gz" if packed else ""),
        # Equal rows give equal bytes: no time in the head of the archive.
        body=gzip.compress(body, 6, mtime=0) if packed else body,
        content_type="application/gzip" if packed else form.content_type,
    )


def _closing(course: Course) -> Sequence[Request]:
    closing = _form(course.target.options).closing
    return closing(course) if closing else ()


def _variant(platform: Platform, options: Mapping[str, str]) -> Platform:
    form, columns = _form(options), _columns(options)
    packing(options, form)
    keys = tuple(key for key in platform.keys if key.wire in columns)
    limits = replace(platform.limits, keys_per_row=len(keys))
    return replace(platform, keys=keys, limits=limits, ops=form.ops)


FILE_DROP = Platform(
    slug="file_drop",
    title="File drop",
    base_url="https://files.invalid",  # a destination says its own
    version="v1",
    docs="https://experienceleague.adobe.com/en/docs/audience-manager/user-guide/implementation-integration-guides/sending-audience-data/batch-data-transfer-process/inbound-s3-filenames",
    keys=KEYS,
    of=frozenset({"people"}),
    limits=Limits(
        rows=200_000,
        bytes=64_000_000,
        keys_per_row=len(KEYS),
        one_per_wire=True,
        concurrency=2,
        per_second=5.0,
        timeout_seconds=300.0,
    ),
    row_ttl=False,
    max_ttl_days=None,
    ops=frozenset(Op),
    schemes=frozenset({"https", "s3", "sftp"}),
    variant=_variant,
    request=_request,
    outcome=account.outcome,
    closing=_closing,
    authorise=account.authorise,
    probe=lambda _target: Request(method="HEAD", path=""),
    account="`adobe`: the number of the data source (DPID); else any name",
    credentials=account.CREDENTIALS,
    lifetime="as the receiver keeps it",
    answers=account.ANSWERS,
    settings=(CONVENTION, COLUMNS, COMPRESSION, FORMAT, OWNER),
    notes=account.NOTES,
    unverified=account.UNVERIFIED,
)
