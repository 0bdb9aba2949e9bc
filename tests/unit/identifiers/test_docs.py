"""The page on identifiers names every type, form, rule and reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from audiences.identifiers.catalog import ATTRIBUTES, CATALOG
from audiences.identifiers.forms import FORMS
from audiences.identifiers.mail_flags import DISPOSABLE, ROLE
from audiences.identifiers.packs import ALREADY_HASHED, PACKS, ZEROED
from audiences.identifiers.reasons import FIXES

DOC = Path(__file__).parents[3] / "docs" / "identifiers.md"
ROWS = [
    [cell.strip().replace("`", "") for cell in line.strip("|").split("|")]
    for line in DOC.read_text().splitlines()
    if line.startswith("| ")
]


@pytest.mark.parametrize("kind", CATALOG.values(), ids=lambda kind: kind.name)
def test_type_stands_in_the_docs(kind):
    """Name, kind, lifetime, identity and whether it leaves."""
    name = "partner:<name>" if kind.name == "partner" else kind.name
    identity = name if kind.name == "partner" else kind.identity
    lasting = kind.lifetime_days is None
    own = "own id" if lasting else "hashed"
    sort = "strong" if kind.strong else "device" if kind.device else own
    life = "as its record" if lasting else f"{kind.lifetime_days}"
    assert [name, sort, life, identity, kind.leaves, ", ".join(kind.forms)] in ROWS


@pytest.mark.parametrize("one", ATTRIBUTES.values(), ids=lambda one: one.name)
def test_attribute_stands_in_the_docs(one):
    """Name, kind, whether it leaves, and its forms."""
    assert [one.name, one.kind, one.leaves, ", ".join(one.forms)] in ROWS


@pytest.mark.parametrize("form", FORMS, ids=lambda form: f"{form.type}-{form.form}")
def test_form_stands_in_the_docs(form):
    """Type, form and what it says."""
    assert [form.type, form.form, form.says] in ROWS


@pytest.mark.parametrize("pack", PACKS.values(), ids=lambda pack: pack.platform)
def test_pack_stands_in_the_docs_with_its_sources(pack):
    """Pack, types, form, encoding; the source with its month; and every choice."""
    rules = {
        (name, row[2], row[3])
        for row in ROWS
        if row[0] == pack.version and len(row) == 4
        for name in row[1].split(", ")
    }
    assert rules == {(rule.type, rule.form, rule.encoding.value) for rule in pack.rules}
    for rule in pack.rules:
        assert [pack.version, rule.source, rule.dated] in ROWS
    for choice in pack.choices:
        values = ", ".join(choice.forms)
        row = [pack.platform, choice.name, choice.default, values, choice.reason, choice.source]
        assert row in ROWS


@pytest.mark.parametrize("flag", [ROLE, DISPOSABLE, ALREADY_HASHED, ZEROED])
def test_flag_stands_in_the_docs(flag):
    """What a line may be marked with."""
    assert flag in {row[0] for row in ROWS}


@pytest.mark.parametrize("reason", sorted(FIXES))
def test_reason_stands_in_the_docs_with_its_fix(reason):
    """What the command line says, the page says."""
    assert [reason, FIXES[reason]] in ROWS
