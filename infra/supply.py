"""What the product is made of: writes `docs/licences.md` and a bill of materials (CycloneDX).

`python -m infra.supply FILE` writes both; the bill of materials goes to FILE.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageMetadata, metadata, version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PINS = ROOT / "requirements" / "local.txt"
DROP = ROOT / "requirements" / "lambda-drop.txt"  # the one bundle with more than a part of these
LICENCES = ROOT / "docs" / "licences.md"
_PIN = re.compile(r"^([a-z0-9.-]+)==(\S+)(.*)", re.MULTILINE)
_HEAD = """\
# Licences of what the product is made of

Written by `make supply-chain` from what `requirements/local.txt` pins; a test compares.
The bundles of Lambda functions hold parts of it, beside boto3, which Lambda's runtime brings.

| Package | Version | Licence |
|---|---|---|
"""
_DROP_HEAD = """
## In the bundle of `drop` as well

The function that puts files onto SFTP servers has these beside.
`paramiko` is under the LGPL; its modules are files of their own there, and may be replaced.

| Package | Version | Licence |
|---|---|---|
"""


@dataclass(frozen=True, slots=True)
class Part:
    """One package: its name, its version, and the licence that it says it has."""

    name: str
    version: str
    licence: str


def parts(pins: Path = PINS) -> Iterator[Part]:
    """Yield the pinned packages that are installed here; those of other systems are left out."""
    for name, pinned, rest in _PIN.findall(pins.read_text(encoding="utf-8")):
        if "win32" not in rest:
            yield Part(name, pinned, licence(metadata(name)))


def licence(told: PackageMetadata) -> str:
    """Return the licence's short name: an expression, a classifier, or the field's first line."""
    found = told.get_all("License-Expression") or []
    if not found:
        kinds = told.get_all("Classifier") or []
        found = [k.rpartition(" :: ")[2] for k in kinds if k.startswith("License :: OSI")]
    if not found:
        found = [(told.get_all("License") or ["not said"])[0].strip().partition("\n")[0][:60]]
    return ", ".join(found)


def text() -> str:
    """Return the list of licences."""
    return _HEAD + _rows(parts()) + _DROP_HEAD + _rows(dropped())


def dropped() -> Iterator[Part]:
    """Yield what the bundle of `drop` has beside."""
    known = {part.name for part in parts()}
    return (part for part in parts(DROP) if part.name not in known)


def _rows(found: Iterable[Part]) -> str:
    return "".join(f"| `{part.name}` | {part.version} | {part.licence} |\n" for part in found)


def bill() -> dict[str, Any]:
    """Return the bill of materials."""
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "name": "audience-bridge",
                "version": version("audience-bridge"),
            }
        },
        "components": [
            {
                "type": "library",
                "name": part.name,
                "version": part.version,
                "purl": f"pkg:pypi/{part.name}@{part.version}",
                "licenses": [{"license": {"name": part.licence}}],
            }
            for part in (*parts(), *dropped())
        ],
    }


if __name__ == "__main__":
    LICENCES.write_text(text(), encoding="utf-8")
    Path(sys.argv[1]).write_text(json.dumps(bill(), indent=1) + "\n", encoding="utf-8")
