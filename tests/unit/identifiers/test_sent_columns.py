"""Whole columns of what platforms are sent: the same outcomes as one by one, on every pack."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from audiences.identifiers.packs import PACKS, apply, pack
from audiences.identifiers.phone import e164
from audiences.identifiers.phone_columns import FEWEST, e164_column
from audiences.identifiers.sent_columns import sent_column
from shared.errors import ConfigurationError

ROOT = Path(__file__).parents[3]
FOLDERS = (ROOT / "tests" / "vectors", ROOT.parent / "shared" / "vectors")
RULES = [(slug, rule.type) for slug, rules in PACKS.items() for rule in rules.rules]
ODD = [
    "", " ", "-", "null", "N/A", "test@test.com", "a@b.c", "Ana.B+x@gmail.com",
    "info@x.de", "sales+x@yopmail.com", "b@a.yopmail.com",
    ".+@gmail.com",
    "a.b@googlemail.com", " ANA@Example.com\r", "josé@münchen.de", "a@xn--mller-kva.de", "\x00",
    "a\x00b@c.de", "ab" * 32, "AB" * 32, "q" * 43 + "=", "6D92078A-8246-4BA4-AE5B-76104861E7DC",
    "00000000-0000-0000-0000-000000000000", "0912 345 678", "+84912345678", "0084 912 345 678",
    "84912345678", "๐๙๑๒๓๔๕๖๗๘", "＋８４９１２３４５６７８", "(0912) 345.678 ext. 9", "912345678.0",
    "8.49E+10", "203.0.113.7", "10.0.0.1", "2001:db8::1", "crm-1", "Nguyễn Văn An", "สมชาย", "Ada",
    "D'Arcy-Smith", "São Paulo", "SW1A 1AA", "94107-1234", "700000", "VN", "vn", "Viet Nam", "f",
    "Female", "1990-02-30", "19900228", "\u200b", "\u0301", "李", "a" * 300, "x" * 5000,
]  # fmt: skip
VALUE = st.one_of(
    st.none(),
    st.sampled_from(ODD),
    st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=24),
    st.emails(),
    st.from_regex(r"[+]?[0-9 ()-]{6,14}", fullmatch=True),
)
LAND = st.sampled_from([None, "VN", "us", "TH", "ZZ", "", "de ", "GB"])


def singly(platform: str, kind: str, rows: list[tuple[str | None, str | None]]) -> list[object]:
    """What `apply` says of each row: canonical, sent, reason, flags; null stays null."""
    told: dict[tuple[str | None, str | None], object] = {
        (None, land): (None,) * 4 for _, land in rows
    }
    for value, land in set(rows) - told.keys():
        found = apply(platform, kind, value or "", land)
        sent = found.sent if isinstance(found.sent, str | None) else json.dumps(found.sent)
        flags = " ".join(found.flags) or None
        told[value, land] = found.canonical, sent, found.reason or None, flags
    return [told[row] for row in rows]


def as_column(platform: str, kind: str, rows: list[tuple[str | None, str | None]]) -> list[object]:
    values, lands = ([row[at] for row in rows] for at in (0, 1))
    arrays = [pa.array(part, pa.string()) for part in (values, lands)]
    found = sent_column(pack(platform), kind, *arrays)
    columns = (found.canonical, found.sent, found.reason, found.flags)
    return list(zip(*(column.to_pylist() for column in columns), strict=True))


def own_kind(kind: str) -> str:
    return "partner:acme" if kind == "partner" else kind


@pytest.mark.parametrize("rule", RULES, ids=" ".join)
@pytest.mark.parametrize(
    "rows",
    [
        [(value, land) for value in ODD for land in (None, "VN", "US")],
        [("+84912345678", None)] * (FEWEST + 1) + [("Ana@example.com", "DE")] * FEWEST,
    ],
    ids=["odd", "many"],
)
def test_column_equals_row_by_row_on_every_pack(rule, rows):
    """Canonical text, what is sent, and the reason, for each type that a pack takes."""
    platform, kind = rule[0], own_kind(rule[1])
    assert as_column(platform, kind, rows) == singly(platform, kind, rows)


@settings(max_examples=20, deadline=None)
@given(rows=st.lists(st.tuples(VALUE, LAND), max_size=10))
@example(rows=[])
def test_column_equals_row_by_row_whatever_is_in_it(rows):
    """The same of any text; to draw it takes longer than to judge it for all packs."""
    for platform, kind in RULES:
        found = platform, kind, as_column(platform, own_kind(kind), rows)
        assert found == (platform, kind, singly(platform, own_kind(kind), rows))


def vectors() -> dict[tuple[str, str], list[tuple[str | None, str | None]]]:
    """The values and countries of all vectors by platform and type."""
    found = defaultdict(list)
    for folder in FOLDERS:
        for path in sorted(folder.glob("*.jsonl")):
            for line in path.read_text("utf-8").splitlines():
                row = json.loads(line)
                found[row["platform"], row["type"]].append((row["value"], row.get("country")))
    return {key: rows for key, rows in found.items() if key in {*RULES}}


@pytest.mark.skipif(not vectors(), reason="there are no vectors beside this repository")
def test_column_equals_row_by_row_on_all_vectors():
    """Each vector among others, and so often that the kernels find it worth their while."""
    for (platform, kind), rows in vectors().items():
        many = rows * (FEWEST // len(rows) + 1)
        assert as_column(platform, kind, many) == singly(platform, kind, rows) * (
            FEWEST // len(rows) + 1
        )


NUMBER = st.one_of(VALUE, st.from_regex(r"[+(]{0,2}0{0,2}[0-9 ().-]{4,18}", fullmatch=True))


@settings(max_examples=150, deadline=None)
@given(rows=st.lists(st.tuples(NUMBER, LAND), max_size=12))
@example(rows=[("+(11310123)-- 4", "CA"), ("+1 (1) 310 1234", "US"), ("13101234", "US")])
@example(rows=[("00 912345678", None), ("00\u00a01\u00a05002345678", None), ("0.0", "VN")])
def test_kernels_judge_phones_as_one_by_one(rows):
    """Even of a country with a single row, when they are told to."""
    values, lands = ([row[at] for row in rows] for at in (0, 1))
    found = e164_column(pa.array(values, pa.string()), pa.array(lands, pa.string()), fewest=1)
    judged = [e164(value, land) if value is not None else None for value, land in rows]
    assert found[0].to_pylist() == [one.value if one else None for one in judged]
    assert found[1].to_pylist() == [(one.reason or None) if one else None for one in judged]


def test_a_column_without_a_rule_is_refused_as_a_value_is():
    """The same error, naming what the platform takes."""
    with pytest.raises(ConfigurationError, match="it takes"):
        sent_column(pack("uid2"), "cookie", pa.array(["a"]))
