"""Athena's tables are those of the schemas, and lead to where the lake keeps its files."""

from __future__ import annotations

import re
from typing import Any

import pytest

from audiences.lake.layout import LOGS, log_key
from infra import catalog

TABLES = catalog.resources()


def test_the_file_is_what_the_schemas_say() -> None:
    assert catalog.FILE.read_text("utf-8") == catalog.text(), "run: python -m infra.catalog"


def test_every_log_is_seen_with_all_its_columns() -> None:
    for name, log in LOGS.items():
        view = catalog.VIEWS[name]
        keys = [*view.partitions, *(column["Name"] for column in columns(name))]
        assert sorted({*log.schema.names, *view.partitions}) == sorted(keys)


def columns(name: str) -> list[dict[str, str]]:
    properties = TABLES[f"{name.title().replace('_', '')}Table"]["Properties"]
    found: list[dict[str, str]] = properties["TableInput"]["StorageDescriptor"]["Columns"]
    return found


@pytest.mark.parametrize(
    ("name", "type_"),
    [("value", "decimal(18,4)"), ("attributes", "map<string,string>"), ("event", "binary")],
)
def test_types_are_athenas(name: str, type_: str) -> None:
    assert {"Name": name, "Type": type_} in columns("events")


@pytest.mark.parametrize("name", LOGS)
def test_a_file_of_a_log_lies_where_its_table_looks(name: str) -> None:
    view = catalog.VIEWS[name]
    value = "never" if name == "links" else "2026-11"
    key = log_key(name, value, "c", 0)
    pattern = re.sub(r"\$\{\w+\}", "[^/]+", view.folder)
    # A table without partitions takes what lies in folders below it too.
    ending = "/[^/]+" if view.partitions else "/.+"
    assert re.fullmatch(pattern + ending, key)


def test_a_type_that_no_table_has_is_not_guessed() -> None:
    import pyarrow as pa

    with pytest.raises(KeyError):
        catalog.athena_type(pa.duration("s"))


def test_partitions_are_told_to_athena() -> None:
    table: Any = TABLES["SendsTable"]["Properties"]["TableInput"]
    told = table["Parameters"]
    assert told["projection.enabled"] == "true"
    assert told["projection.day.type"] == "date"
    assert told["storage.location.template"] == {"Fn::Sub": "s3://${Lake}/sends/day=${!day}/"}
    assert table["PartitionKeys"] == [{"Name": "day", "Type": "string"}]
