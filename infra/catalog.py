"""Writes `infra/template/catalog.yaml`: the lake's tables as Athena sees them, from the schemas.

`python -m infra.catalog` writes it anew; a test compares.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from audiences import schemas

FILE = Path(__file__).with_name("template") / "catalog.yaml"
_PARQUET = "org.apache.hadoop.hive.ql.io.parquet."


Projection = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class View:
    """One table of Athena: its rows, the folder below the lake, and what Athena is told of folders.

    The folder has `${name}` where a partition's value stands.
    """

    schema: pa.Schema
    about: str
    folder: str
    partitions: Mapping[str, Projection] = field(default_factory=dict)


def _days(first: str, last: str) -> Projection:
    return {"type": "date", "format": "yyyy-MM-dd", "range": f"{first},{last}"}


_ASKED = {"type": "injected"}  # a query must say which one it means
_EXPIRING = {"expires_on": _days("NOW", "NOW+92DAYS")}
_MONTHS = {"type": "date", "format": "yyyy-MM", "interval": "1", "interval.unit": "MONTHS"}
VIEWS = {
    "profiles": View(schemas.PROFILES, "First-party records, every version", "profiles"),
    "events": View(
        schemas.EVENTS,
        "Orders, visits, clicks, contacts",
        "events/month=${month}",
        {"month": {**_MONTHS, "range": "2000-01,NOW+1MONTHS"}},
    ),
    "sightings": View(
        schemas.SIGHTINGS,
        "Device ids that have not expired",
        "sightings/expires_on=${expires_on}",
        _EXPIRING,
    ),
    "links": View(schemas.LINKS, "Lasting evidence of one person", "links/expires_on=never"),
    "links_expiring": View(
        schemas.LINKS,
        "Evidence that ends with a device id",
        "links/expires_on=${expires_on}",
        _EXPIRING,
    ),
    "match_keys": View(schemas.MATCH_KEYS, "Forms of identifiers that may leave", "match_keys"),
    "rejects": View(
        schemas.REJECTS,
        "Rows that were not kept, and why",
        "rejects/day=${day}",
        {"day": _days("NOW-31DAYS", "NOW+1DAYS")},
    ),
    "uid2_map": View(
        schemas.UID2_MAP,
        "What operators of UID2 and EUID said of digests of contacts",
        "uid2_map/day=${day}",
        {"day": _days("NOW-91DAYS", "NOW+1DAYS")},
    ),
    "uid2_asked": View(
        schemas.UID2_ASKED,
        "Raw UID2s and EUIDs of which it was asked whether they opted out",
        "uid2_asked/day=${day}",
        {"day": _days("NOW-8DAYS", "NOW+1DAYS")},
    ),
    "people": View(
        schemas.PEOPLE, "Identifier to person, by run", "people/run=${run}", {"run": _ASKED}
    ),
    "members": View(
        schemas.MEMBERS,
        "Who is in an audience, by run",
        "members/${audience}/run=${run}",
        {"audience": _ASKED, "run": _ASKED},
    ),
    "sends": View(
        schemas.SENDS,
        "The ledger of what was sent",
        "sends/day=${day}",
        {"day": _days("2020-01-01", "NOW+1DAYS")},
    ),
}
_PLAIN = {
    pa.string(): "string",
    pa.bool_(): "boolean",
    pa.int8(): "tinyint",
    pa.int64(): "bigint",
    schemas.AT: "timestamp",
    schemas.KEY: "binary",
    schemas.DIGEST: "binary",
}


def athena_type(kind: pa.DataType) -> str:
    """Name a column's type as Athena does.

    Raises:
        KeyError: for a type that no table has yet.
    """
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    if pa.types.is_map(kind):
        return f"map<{athena_type(kind.key_type)},{athena_type(kind.item_type)}>"
    if pa.types.is_list(kind):
        return f"array<{athena_type(kind.value_type)}>"
    return _PLAIN[kind]


def _table(name: str, view: View) -> dict[str, Any]:
    columns = [
        {"Name": field.name, "Type": athena_type(field.type)}
        for field in view.schema
        if field.name not in view.partitions
    ]
    table = {
        "Name": name,
        "Description": view.about,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"EXTERNAL": "TRUE", "classification": "parquet", **_projected(view)},
        "PartitionKeys": [{"Name": each, "Type": "string"} for each in view.partitions],
        "StorageDescriptor": {
            "Columns": columns,
            "Location": {"Fn::Sub": f"s3://${{Lake}}/{view.folder.partition('/')[0]}/"}
            if view.partitions
            else {"Fn::Sub": f"s3://${{Lake}}/{view.folder}/"},
            "InputFormat": f"{_PARQUET}MapredParquetInputFormat",
            "OutputFormat": f"{_PARQUET}MapredParquetOutputFormat",
            "SerdeInfo": {"SerializationLibrary": f"{_PARQUET}serde.ParquetHiveSerDe"},
        },
    }
    properties = {
        "CatalogId": {"Ref": "AWS::AccountId"},
        "DatabaseName": {"Ref": "LakeDatabase"},
        "TableInput": table,
    }
    return {"Type": "AWS::Glue::Table", "Properties": properties}


def _projected(view: View) -> dict[str, Any]:
    if not view.partitions:
        return {}
    # `${!day}` keeps CloudFormation from looking for a resource of that name.
    folder = view.folder.replace("${", "${!")
    return {
        "projection.enabled": "true",
        **{
            f"projection.{of}.{k}": v
            for of, each in view.partitions.items()
            for k, v in each.items()
        },
        "storage.location.template": {"Fn::Sub": f"s3://${{Lake}}/{folder}/"},
    }


def resources() -> dict[str, Any]:
    """Return the tables by logical id."""
    return {
        "".join(part.capitalize() for part in name.split("_")) + "Table": _table(name, view)
        for name, view in VIEWS.items()
    }


def text() -> str:
    """Return the whole file; JSON is YAML, and has one way to be written."""
    head = FILE.with_name("catalog.head.yaml").read_text(encoding="utf-8")
    tables = [
        f"  {name}: {json.dumps(table, ensure_ascii=False)}\n"
        for name, table in resources().items()
    ]
    return head + "".join(tables)


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
