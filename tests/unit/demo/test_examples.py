"""The examples of a workspace are valid files, and point at each other."""

from __future__ import annotations

import pytest

from audiences.destinations import parse as parse_destination
from audiences.rules.spec import parse as parse_audience
from infra.local.demo.examples import AUDIENCES, DESTINATIONS


@pytest.mark.parametrize("name", AUDIENCES)
def test_an_audience_parses_under_its_name_and_syncs_to_a_known_destination(name):
    """What the demo runs is what a user could have written."""
    audience = parse_audience(AUDIENCES[name], f"audiences/{name}.yaml")
    assert audience.name == name
    assert audience.sync
    assert {entry.to for entry in audience.sync} <= set(DESTINATIONS)
    assert set(audience.suppress) <= {*AUDIENCES, "do-not-contact"}


@pytest.mark.parametrize("name", DESTINATIONS)
def test_a_destination_parses_and_points_at_the_sandbox(name):
    """No example can reach a real platform."""
    destination = parse_destination(DESTINATIONS[name], f"destinations/{name}.yaml")
    assert destination.name == name
    assert destination.credentials == "sandbox"
    assert destination.base_url == f"http://127.0.0.1:8900/{destination.platform}"
