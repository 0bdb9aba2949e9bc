"""Pages that are made from declarations are what the declarations say."""

from __future__ import annotations

import re

from audiences.destinations import KEYS, parse
from infra.docs import PAGE, platforms_page


def test_the_page_of_platforms_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == platforms_page(), "run `make docs`"


def test_the_destination_that_the_page_shows_is_one_and_has_every_key() -> None:
    found = re.search(r"```yaml\n(.+?)```", platforms_page(), re.DOTALL)

    assert found is not None
    made = parse(found[1], "destinations/tiktok-main.yaml")

    assert made.name == made.platform + "-main"
    shown = set(re.findall(r"^(\w+):", found[1], re.MULTILINE))
    assert shown | {"uid2"} == set(KEYS), "what only some platforms have is shown below"
    assert "| Below `uid2:` |" in platforms_page()
