"""The page on identifiers names every type, form, rule and reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from audiences.identifiers.catalog import CATALOG
from audiences.identifiers.forms import FORMS
from audiences.identifiers.packs import PACKS
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
    sort = "strong" if kind.strong else "device" if kind.device else "hashed"
    life = "as its record" if kind.strong else f"{kind.lifetime_days}"
    assert [name, sort, life, identity, kind.leaves, ", ".join(kind.forms)] in ROWS


@pytest.mark.parametrize("form", FORMS, ids=lambda form: f"{form.type}-{form.form}")
def test_form_stands_in_the_docs(form):
    """Type, form and what it says."""
    assert [form.type, form.form, form.says] in ROWS


@pytest.mark.parametrize(
    ("pack", "rule"), [(pack, rule) for pack in PACKS.values() for rule in pack.rules]
)
def test_rule_stands_in_the_docs_with_its_source(pack, rule):
    """Pack, type, form, encoding; and the source with its month."""
    assert [pack.version, rule.type, rule.form, rule.encoding.value] in ROWS
    assert [pack.version, rule.source, rule.dated] in ROWS


@pytest.mark.parametrize("reason", sorted(FIXES))
def test_reason_stands_in_the_docs_with_its_fix(reason):
    """What the command line says, the page says."""
    assert [reason, FIXES[reason]] in ROWS
