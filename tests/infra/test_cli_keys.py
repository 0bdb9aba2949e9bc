"""`bridge key` for a stack in AWS: keys in its table, from any folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from audiences.flows.access import find_key
from functions import _runtime
from tests.conftest import Answer
from tests.infra.stack import Stack


def test_keys_of_a_stack_are_kept_from_any_folder(
    stack: Stack, bridge: Callable[..., Answer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    there = ("--state", stack.table)
    made = bridge("key", "create", "ops", "--scope", "admin", *there)
    key = find_key(_runtime.key_value(), made.out.strip())
    assert made.code == 0
    assert key is not None
    assert (key.name, key.scope) == ("ops", "admin")
    assert key.id in bridge("key", "list", *there).out
    assert bridge("key", "revoke", key.id, *there).code == 0
    assert find_key(_runtime.key_value(), made.out.strip()) is None
    nowhere = bridge("key", "list", "--state", "no-such-table")
    assert (nowhere.code, "no-such-table" in nowhere.err) == (2, True)
    assert bridge("key", "list", "--as-of", "2026-11-21", *there).code == 2
