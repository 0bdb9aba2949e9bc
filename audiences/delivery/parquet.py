"""Makes the body of a request whose rows go out as a Parquet file."""

from __future__ import annotations

import io
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq

from audiences.platforms.base import Request
from audiences.platforms.sheets import Sheet

CONTENT_TYPE = "application/vnd.apache.parquet"


def written(request: Request) -> Request:
    """Return the request with its sheet as its body, which equal rows make equal."""
    if request.sheet is None:
        return request
    return replace(request, body=_file(request.sheet), content_type=CONTENT_TYPE, sheet=None)


def _file(sheet: Sheet) -> bytes:
    # Columns that nobody has are texts too: each file of a receiver has the same schema.
    columns = zip(*sheet.rows, strict=True) if sheet.rows else [()] * len(sheet.columns)
    arrays = [pa.array(column, pa.string()) for column in columns]
    table = pa.table(arrays, names=list(sheet.columns))
    out = io.BytesIO()
    # The receiver's reader may be old: no encoding or page format of after 2.6, one row group.
    pq.write_table(table, out, compression=sheet.codec, version="2.6", store_schema=False)
    return out.getvalue()
