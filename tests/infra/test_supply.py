"""The list of licences is that of what is pinned, and none of them binds who uses the product."""

from __future__ import annotations

import re

from infra import supply


def test_the_list_is_what_is_pinned() -> None:
    assert supply.LICENCES.read_text("utf-8") == supply.text(), "run: make supply-chain"


def test_every_part_says_its_licence_and_none_is_copyleft() -> None:
    found = list(supply.parts())
    assert len(found) > 30
    for part in found:
        assert part.licence != "not said"
        # MPL 2.0 binds changes to its own files, of which we make none.
        assert not re.search(r"\b(A?GPL|LGPL|SSPL|BUSL)", part.licence), part


def test_what_is_copyleft_is_in_the_bundle_of_one_function_and_said() -> None:
    found = {part.name: part.licence for part in supply.dropped()}
    assert {name for name, licence in found.items() if "LGPL" in licence} == {"paramiko"}
    assert "not said" not in found.values()


def test_the_bill_of_materials_names_every_part() -> None:
    bill = supply.bill()
    assert bill["bomFormat"] == "CycloneDX"
    named = {part.name for part in (*supply.parts(), *supply.dropped())}
    assert {each["name"] for each in bill["components"]} == named
    assert {"paramiko", "requests"} < named
