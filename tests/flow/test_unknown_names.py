"""A rule that names an audience that is not there: every way to use it says which may be meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from audiences.flows.build import build, explain_audience
from audiences.flows.sync import sync
from audiences.flows.workspace import Workspace
from shared.errors import ConfigurationError
from tests.builders import new_workspace

RULES = {
    "buyers": "name: buyers\nwhere: {event: {name: order}}\n",
    "mine": "name: mine\nwhere: {member_of: buyer}\n",
    "quiet": "name: quiet\nwhere: {event: {name: visit}}\nsuppress: [bueyrs]\n",
}
WAYS = {
    "build": build,
    "explain": explain_audience,
    "sync": lambda workspace, name: sync(workspace, name, "meta-main", dry_run=True),
}


@pytest.mark.parametrize("name", ["mine", "quiet"])
@pytest.mark.parametrize("way", WAYS)
def test_the_audience_that_may_be_meant_is_named(tmp_path: Path, way: str, name: str) -> None:
    workspace: Workspace = new_workspace(tmp_path / "w", audiences=RULES)
    with pytest.raises(ConfigurationError, match=r"mine.yaml:2|quiet.yaml:3") as caught:
        WAYS[way](workspace, name)
    assert "did you mean 'buyers'?" in str(caught.value)
    assert not list(workspace.lake.store.list("people/"))
