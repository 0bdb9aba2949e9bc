"""Pages that are made from declarations are what the declarations say."""

from __future__ import annotations

from infra.docs import PAGE, platforms_page


def test_the_page_of_platforms_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == platforms_page(), "run `make docs`"
