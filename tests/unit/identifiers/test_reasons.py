"""Reasons: every one that is given has a sentence that says how to mend it."""

from __future__ import annotations

import ast
from pathlib import Path

from audiences.identifiers import normalise
from audiences.identifiers.normalise import fix_for
from audiences.identifiers.reasons import FIXES

_REFUSING = {"refused": 0, "_made": 1, "_found": 1}  # which argument is the reason


def constants(nodes: list[ast.AST]) -> set[str]:
    found = (n.value for node in nodes for n in ast.walk(node) if isinstance(n, ast.Constant))
    return {value for value in found if isinstance(value, str)}


def reasons_in_the_code() -> set[str]:
    """What `refused` and its like are called with, and what stands in checks and faults."""
    found = {"empty_local_part"}  # has a name, as many forms have it
    for path in Path(normalise.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Assign):
                name = getattr(node.targets[0], "id", "")
                found |= constants([node]) if name.endswith(("_CHECKS", "_FAULTS")) else set()
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in _REFUSING:
                found |= constants(node.args[_REFUSING[node.func.id] :])
    return found - {""}


def test_every_reason_has_a_fix_and_every_fix_a_reason():
    """No reason leaves the user alone, and no sentence is left over."""
    assert reasons_in_the_code() == set(FIXES)
    assert all(fix.endswith(".") and len(fix) < 90 for fix in FIXES.values())
    assert fix_for("no_such_reason") == ""
