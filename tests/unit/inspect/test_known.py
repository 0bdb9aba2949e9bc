"""The hashes that stand for nobody: every stand-in, by every algorithm, in its usual spellings."""

from __future__ import annotations

import pytest

from audiences.identifiers.text import SENTINELS
from audiences.inspect.known import ALGORITHMS, known_hashes
from tests.unit.inspect.lists import digest, sha

KNOWN = {row["digest"]: row for row in known_hashes().to_pylist()}


@pytest.mark.parametrize("name", ALGORITHMS)
def test_every_stand_in_is_known_by_every_algorithm(name: str) -> None:
    for word in sorted(SENTINELS):
        for text in (word, word.upper(), f"{word}\n"):
            row = KNOWN[digest(name, text)]
            assert row["known"] == "sentinel_hash"
            assert row["capitals"] == (text != text.lower())


def test_the_well_known_hash_of_nothing_is_known() -> None:
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert KNOWN[empty]["known"] == "empty_hash"
    assert KNOWN[sha("\n")]["known"] == "empty_hash"
    assert KNOWN[digest("md5", "")]["known"] == "empty_hash"


def test_hashes_of_such_hashes_are_known_across_algorithms() -> None:
    inner = digest("md5", "null")
    assert KNOWN[sha(inner)]["known"] == "double_hash"
    assert KNOWN[sha(sha("None"))]["known"] == "double_hash"


def test_no_hash_is_known_twice_nor_a_real_one_at_all() -> None:
    assert len(KNOWN) == known_hashes().num_rows
    assert sha("jane@company.example") not in KNOWN
