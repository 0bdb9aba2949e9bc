"""`bridge key` and `bridge audience publish` as a person calls them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from audiences.flows.access import find_key
from audiences.flows.workspace import Workspace


def test_a_key_is_shown_once_listed_and_revoked(
    workspace: Workspace, bridge: Callable[..., Any]
) -> None:
    here = ("-C", workspace.settings.folder)
    made = bridge("key", "create", "ad ops", "--scope", "export", *here)
    text = made.out.strip()
    key = find_key(workspace.kv, text)
    assert key is not None
    assert (key.name, key.scope) == ("ad ops", "export")
    listed = bridge("key", "list", "--json", *here)
    assert [each["id"] for each in json.loads(listed.out)["keys"]] == [key.id]
    assert text.rpartition("_")[2] not in listed.out
    assert key.id in bridge("key", "list", *here).out
    assert bridge("key", "revoke", key.id, *here).code == 0
    assert find_key(workspace.kv, text) is None
    assert bridge("key", "revoke", key.id, *here).code == 1
    assert bridge("key", "create", "x", "--scope", "root", *here).code == 2


def test_an_audience_that_was_not_built_cannot_be_published(
    workspace: Workspace, bridge: Callable[..., Any]
) -> None:
    answer = bridge("audience", "publish", "lapsed-vips", "-C", workspace.settings.folder)
    assert answer.code == 2
    assert "bridge audience build lapsed-vips" in answer.err
