"""The limits of a platform as one destination sets them: settings that every platform has."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from audiences.identifiers.packs import PACKS
from audiences.platforms.base import Platform, Setting

COST = "cost_per_thousand_rows"
SETTINGS = (
    Setting(name="rows_per_request", says="rows in one request, in place of the documented limit"),
    Setting(name="bytes_per_request", says="bytes in one body"),
    Setting(name="requests_at_once", says="requests at once"),
    Setting(name="requests_per_second", says="requests a second"),
    Setting(name="requests_per_day", says="requests of the account in a day of UTC"),
    Setting(name="token_url", says="the address of the token endpoint"),
    Setting(name=COST, says="what your contract charges, such as 0.25 USD; a dry run adds it up"),
)
_PRICE = re.compile(r"\d{1,9}(?:\.\d{1,6})? [A-Z]{3}")
FOR_EVER = 9_999  # in days: what platforms write for a member who is never forgotten


def limited(platform: Platform, options: Mapping[str, str]) -> Platform:
    """Return the platform with a destination's own limits; `faults` has judged the numbers."""
    if platform.variant is not None:
        platform = platform.variant(platform, options)
    own: dict[str, Any] = {}
    for name, limit in (
        ("rows_per_request", "rows"),
        ("bytes_per_request", "bytes"),
        ("requests_at_once", "concurrency"),
        ("requests_per_day", "per_day"),
    ):
        if name in options:
            own[limit] = int(options[name])
    if "requests_per_second" in options:
        own["per_second"] = float(options["requests_per_second"])
    if platform.forgets is not None:
        days = options.get(platform.forgets.name, platform.forgets.default)
        lasts = not days.isdecimal() or not 0 < int(days) < FOR_EVER
        platform = replace(platform, forgets_days=None if lasts else int(days))
    return replace(platform, limits=replace(platform.limits, **own)) if own else platform


def settings_of(platform: Platform) -> tuple[Setting, ...]:
    """Return all settings of a platform: its own, those of its rule pack, and common ones."""
    rules = PACKS.get(platform.slug)
    choices = (
        Setting(
            name=choice.name,
            says=choice.reason.rstrip("."),
            default=choice.default,
            choices=tuple(choice.forms),
            verified=False,
        )
        for choice in (rules.choices if rules else ())
    )
    return (*platform.settings, *choices, *SETTINGS)


def faults(platform: Platform, options: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Return what is wrong with a destination's options: name, what, and how to mend it."""
    known = {each.name: each for each in settings_of(platform)}
    found = []
    for name, value in options.items():
        setting = known.get(name)
        if setting is None:
            listed = ", ".join(sorted(known))
            found.append((name, f"{platform.title} has no option '{name}'", f"it has {listed}"))
        elif (
            setting.choices
            and value not in setting.choices
            and value.lower() not in setting.choices
        ):
            choices = ", ".join(setting.choices)
            found.append((name, f"'{name}' cannot be '{value}'", f"write one of {choices}"))
        elif name.startswith(("rows_per", "bytes_per", "requests_")) and not _is_number(value):
            found.append((name, f"'{name}' is not a number above 0", f"{name}: 10"))
        elif name == COST and not _PRICE.fullmatch(value):
            found.append((name, f"'{name}' is no price", f"{name}: 0.25 USD"))
    return found


def _is_number(text: str) -> bool:
    whole = text.isascii() and text.isdecimal() and len(text) < 10
    return whole and int(text) > 0
