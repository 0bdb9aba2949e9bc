"""Reads the lake of a deployed stack as its readers do: only what is committed."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import pyarrow.parquet as pq

from tests.aws.local import Local


def rows(local: Local, table: str) -> list[dict[str, Any]]:
    """Read all committed rows of a log."""
    commits = committed(local)
    found: list[dict[str, Any]] = []
    for name in local.keys(f"{table}/"):
        if name.rpartition("/")[2].partition(".")[0] in commits:
            found += pq.read_table(BytesIO(_read(local, name))).to_pylist()
    return found


def committed(local: Local) -> set[str]:
    """Return the ids of the commits that count; a compaction takes the place of others."""
    ids = {name.split("/")[1].removesuffix(".json") for name in local.keys("commits/")}
    for name in sorted(local.keys("compactions/")):
        made = json.loads(_read(local, name))
        ids = (ids - {*made["replaces"]}) | {made["id"]}
    return ids


def _read(local: Local, key: str) -> bytes:
    body = local.client("s3").get_object(Bucket=local.bucket("Lake"), Key=key)["Body"]
    return bytes(body.read())
