"""Our own vectors: each says what comes out, and who says so; columns end where they do."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from audiences.identifiers.columns import canonical_column
from audiences.identifiers.packs import PACKS, ZEROED, Applied, applied, apply, pack
from audiences.identifiers.reasons import Canonical
from tests.unit.identifiers.test_vectors import vectors

FILES = sorted((Path(__file__).parents[2] / "vectors").glob("*.jsonl"))
ROWS = [json.loads(line) for path in FILES for line in path.read_text("utf-8").splitlines()]


def of(row: dict[str, Any]) -> Applied:
    options = row.get("options")
    return apply(row["platform"], row["type"], row["value"], row.get("country"), options)


@pytest.mark.parametrize("platform", sorted(PACKS))
def test_every_vector_holds(platform):
    """Text, wire value, reason, flags and digest, where a vector names them."""
    wrong = []
    for row in (row for row in ROWS if row["platform"] == platform):
        found = of(row)
        digest = hashlib.sha256((found.canonical or "").encode()).hexdigest()
        made = {
            "canonical": found.canonical,
            "sent": found.sent,
            "reason": found.reason,
            "flags": list(found.flags),
            "sha256_hex": digest,
        }
        expected = {"flags": [ZEROED] if ZEROED in found.flags else [], "canonical": None} | row
        wrong += [
            (row, found) for name in made if name in expected and made[name] != expected[name]
        ]
    assert wrong == []


def test_vectors_are_of_every_platform_and_each_has_a_source():
    """No platform goes untried, and no line is anybody's guess."""
    assert {row["platform"] for row in ROWS} == set(PACKS)
    assert all(row["source"] for row in ROWS)
    assert len(ROWS) > 400


def test_columns_end_where_single_values_do():
    """One implementation: all vectors, ours and others', as columns and one by one."""
    groups: dict[tuple[str, str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in [*ROWS, *vectors()]:
        choices = json.dumps(row.get("options", {}))
        groups[row["platform"], row["type"], choices].append(row)
    for (platform, kind, choices), rows in groups.items():
        texts = pa.array([row["value"] for row in rows], pa.string())
        lands = pa.array([row.get("country") for row in rows], pa.string())
        found, reasons = canonical_column(kind, texts, lands)
        judged = zip(rows, found.to_pylist(), reasons.to_pylist(), strict=True)
        rules = pack(platform, json.loads(choices))
        for row, text, reason in judged:
            one = Canonical(text, reason or "")
            assert applied(rules, kind, row["value"], one, row.get("country")) == of(row)
