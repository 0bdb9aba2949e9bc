"""A destination file for each platform, made from its declaration, is right as it stands."""

from __future__ import annotations

import re

import pytest

from audiences.destinations import parse
from audiences.platforms import MODULES, platform
from audiences.platforms.example import example
from audiences.platforms.limits import SETTINGS, settings_of


@pytest.mark.parametrize("slug", sorted(MODULES))
def test_an_example_is_right_and_shows_every_option(slug: str) -> None:
    text = example(platform(slug), "there")
    made = parse(text, "destinations/there.yaml")
    assert (made.name, made.platform, made.credentials) == ("there", slug, "sandbox")
    own = {setting.name for setting in settings_of(platform(slug))} - {s.name for s in SETTINGS}
    assert set(re.findall(r"^#?   ?(\w+): \"", text, re.MULTILINE)) == own
    said = [line for line in text.splitlines() if line.startswith("#") and "://" not in line]
    assert max(map(len, said)) <= 79


@pytest.mark.parametrize("slug", sorted(MODULES))
def test_options_are_right_when_their_sign_is_taken_away(slug: str) -> None:
    text = example(platform(slug), "there")
    # An option without a default has no value that could stand there.
    text = re.sub(r"^#   \w+: \"\"\n", "", text, flags=re.MULTILINE)
    bare = re.sub(r"^# ((?:  \w+: |options:).*)$", r"\1", text, flags=re.MULTILINE)
    parse(bare, "destinations/there.yaml")
