"""What vendors and peers assert, line by line; where they are overruled, the docs say by what."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from audiences.identifiers.packs import ALREADY_HASHED, PACKS, apply

ROOT = Path(__file__).parents[3]
VECTORS = ROOT.parent / "shared" / "vectors"
OVERRULED = ROOT / "tests" / "vectors" / "overruled"  # asserted elsewhere, not held here
DOC = ROOT / "docs" / "identifiers.md"


def vectors() -> list[dict[str, Any]]:
    paths = [*VECTORS.glob("*.jsonl"), *OVERRULED.glob("*.jsonl")]
    return [
        json.loads(line) for path in sorted(paths) for line in path.read_text("utf-8").splitlines()
    ]


def overruled() -> set[tuple[str, str, str]]:
    """The rows of the docs' table: platform, type, value."""
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in DOC.read_text().partition("## Vectors that are overruled")[2].splitlines()
        if line.startswith("| ")
    ]
    return {(row[0], row[1], row[2].strip("`")) for row in cells if row[0] in PACKS}


def holds(row: dict[str, Any]) -> bool:
    found = apply(row["platform"], row["type"], row["value"], row.get("country"))
    if row.get("rejects") or row.get("sent") == "":
        return found.sent is None
    digest = hashlib.sha256((found.canonical or "").encode()).digest()
    if ALREADY_HASHED in found.flags:
        digest = bytes.fromhex(found.canonical or "")
    made = {
        "canonical": found.canonical,
        "sent": found.sent,
        "sha256_hex": digest.hex(),
        "sha256_base64": base64.b64encode(digest).decode(),
    }
    return all(made[name] == row[name] for name in made if name in row)


@pytest.mark.parametrize("row", vectors())
def test_vector_holds_or_is_overruled(row):
    """Each vector passes, or the docs name it with the page that says otherwise."""
    if not holds(row):
        assert (row["platform"], row["type"], row["value"]) in overruled()


@pytest.mark.skipif(not VECTORS.is_dir(), reason="the vectors are not part of the repository")
def test_nothing_is_overruled_that_holds():
    """The docs' table holds no row that came true meanwhile."""
    failing = {(r["platform"], r["type"], r["value"]) for r in vectors() if not holds(r)}
    assert overruled() == failing


@pytest.mark.skipif(not VECTORS.is_dir(), reason="the vectors are not part of the repository")
def test_there_are_vectors():
    """The suite above is not empty by a slip of a path."""
    assert len(vectors()) > 900
