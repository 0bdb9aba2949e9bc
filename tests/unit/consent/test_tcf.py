"""TC strings: what they grant is granted, what they deny is denied, and all else says nothing."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audiences.consent.tcf import VENDORS, answers
from audiences.platforms import MODULES

YES, NO, SILENT = (
    {"ad_user_data": value, "ad_personalization": value} for value in (True, False, None)
)
# Published examples, read with the PyPI package iab-tcf 0.2: purposes and vendors with consent.
EXAMPLES = {
    "COvFyGBOvFyGBAbAAAENAPCAAOAAAAAAAAAAAEEUACCKAAA": ({1, 2, 3}, {2, 6, 8}),
    "CLcVDxRMWfGmWAVAHCENAXCkAKDAADnAABRgA5mdfCKZuYJez-NQm0TBMYA4oCAAGQYIAAAAAAEAIAEgAA": (
        {1, 3, 9, 10},
        {2, 3, 6, 7, 8, 10, 12, 13, 14, 15, 16, 21, 25, 27},
    ),
    "COwxsONOwxsONKpAAAENAdCAAMAAAAAAAAAAAAAAAAAA": ({1, 2}, set()),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A visitor's choice, to be written as a TC string in another way than the reader reads."""

    purposes: frozenset[int] = frozenset(range(1, 12))
    vendors: frozenset[int] = frozenset({21, 755})
    interests: frozenset[int] = frozenset()
    ranges: bool = False
    first_undisclosed: bool = False
    restrictions: tuple[tuple[int, int, frozenset[int]], ...] = ()  # purpose, kind, vendors
    disclosed: frozenset[int] | None = None

    def text(self) -> str:
        core = [
            bits(2, 6) + bits(17_000_000_000, 36) * 2 + bits(10, 12) + bits(1, 12) + bits(1, 6),
            bits(4, 6) + bits(13, 6) + bits(150, 12) + bits(5, 6) + "10" + "0" * 12,
            "".join("1" if n in self.purposes else "0" for n in range(1, 25)) + "0" * 24,
            "1" if self.first_undisclosed else "0",
            bits(3, 6) + bits(4, 6),
            self.section(self.vendors) + self.section(self.interests),
            bits(len(self.restrictions), 12),
            *(bits(p, 6) + bits(kind, 2) + ranged(of) for p, kind, of in self.restrictions),
        ]
        parts = [encoded("".join(core))]
        if self.disclosed is not None:
            parts += [encoded(bits(3, 3) + "0" * 60)]  # a publisher's segment stands before it
            parts += [encoded(bits(1, 3) + self.section(self.disclosed))]
        return ".".join(parts)

    def section(self, vendors: frozenset[int]) -> str:
        highest = max(vendors, default=0)
        if self.ranges:
            return bits(highest, 16) + "1" + ranged(vendors)
        each = "".join("1" if n in vendors else "0" for n in range(1, highest + 1))
        return bits(highest, 16) + "0" + each


def bits(value: int, width: int) -> str:
    return format(value, f"0{width}b")


def ranged(vendors: frozenset[int]) -> str:
    runs: list[list[int]] = []
    for vendor in sorted(vendors):
        if runs and runs[-1][-1] == vendor - 1:
            runs[-1].append(vendor)
        else:
            runs.append([vendor])
    written = [
        "1" + bits(run[0], 16) + bits(run[-1], 16) if len(run) > 1 else "0" + bits(run[0], 16)
        for run in runs
    ]
    return bits(len(runs), 12) + "".join(written)


def encoded(text: str) -> str:
    padded = text + "0" * (-len(text) % 8)
    data = int(padded, 2).to_bytes(len(padded) // 8, "big")
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


vendors = st.frozensets(st.integers(1, 1200), max_size=8)
choices = st.builds(
    Choice,
    purposes=st.frozensets(st.sampled_from([1, 2, 3, 4, 7, 10, 24])),
    vendors=vendors,
    interests=vendors,
    ranges=st.booleans(),
    first_undisclosed=st.booleans(),
    restrictions=st.lists(
        st.tuples(st.sampled_from([1, 3, 4, 7]), st.integers(0, 3), vendors), max_size=3
    ).map(tuple),
    disclosed=st.none() | vendors,
)


@settings(max_examples=150, deadline=None)
@given(choice=choices, vendor=st.integers(1, 1200), among=st.booleans())
def test_every_choice_is_read_as_it_was_made(choice: Choice, vendor: int, among: bool) -> None:
    if among and choice.vendors:
        vendor = min(choice.vendors)
    found = answers(choice.text(), vendor)
    for flag, purposes in (("ad_user_data", {1}), ("ad_personalization", {3, 4})):
        barred = {p for p, kind, of in choice.restrictions if kind != 1 and vendor in of}
        undisclosed = choice.disclosed is not None and vendor not in choice.disclosed
        if purposes == {1} and 1 not in choice.purposes and choice.first_undisclosed:
            wanted: bool | None = None
        elif not purposes <= choice.purposes or barred & purposes:
            wanted = False
        elif vendor in choice.vendors:
            wanted = True
        else:
            wanted = None if undisclosed else False
        assert found[flag] is wanted


def test_who_agreed_to_all_agreed() -> None:
    known = frozenset(VENDORS.values())
    for vendor in known:
        assert answers(Choice(vendors=known).text(), vendor) == YES
        assert answers(Choice(vendors=known, ranges=True).text(), vendor) == YES
        assert answers(Choice(purposes=frozenset(), vendors=frozenset()).text(), vendor) == NO


def test_a_platform_that_is_not_on_the_list_can_only_be_refused() -> None:
    assert answers(Choice().text(), None) == SILENT
    assert answers(Choice(purposes=frozenset({1})).text(), None) == SILENT | {
        "ad_personalization": False
    }


@pytest.mark.parametrize("text", EXAMPLES)
def test_published_examples_are_read_as_others_read_them(text: str) -> None:
    purposes, agreed = EXAMPLES[text]
    for vendor in range(1, 30):
        found = answers(text, vendor)
        assert found["ad_user_data"] is (1 in purposes and vendor in agreed)
        assert found["ad_personalization"] is False


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "granted",
        "1YNN",
        "DBABMA~CPXxRfAPXxRfAAfKABENB-CgAAAAAAAAAAYgAAAAAAAA",
        "BOEFEAyOEFEAyAHABDENAI4AAAB9vABAASA",  # TCF 1
        Choice().text()[:40],
        Choice().text()[:-20],
        Choice().text() + "=",
        "é" + Choice().text(),
    ],
)
def test_what_cannot_be_read_says_nothing(text: str) -> None:
    assert answers(text, 755) == SILENT


@settings(max_examples=200, deadline=None)
@given(st.text() | st.text("ABCO-_.", max_size=80).map(lambda tail: f"C{tail}"))
def test_no_text_whatever_grants_or_breaks_anything(text: str) -> None:
    assert True not in answers(text, 1201).values()


def test_vendors_are_platforms_of_ours() -> None:
    assert set(VENDORS) <= set(MODULES)
