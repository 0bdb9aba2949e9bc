"""How platforms that write to people are told who is meant: by one kind of key, in clear."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from audiences.platforms.base import Key, Platform, Setting

ALL = "all"
Variant = Callable[[Platform, Mapping[str, str]], Platform]


def identify_by(*keys: Key, together: bool = False) -> Setting:
    """Return the setting that says which key names a person; `together` allows all in one row."""
    names = tuple(key.wire for key in keys)
    return Setting(
        name="identify_by",
        says="what names a person there; what is not chosen is not sent",
        default=names[0],
        choices=(*names, ALL) if together else names,
    )


def chosen_by(setting: Setting) -> Variant:
    """Return a `variant` that leaves a platform the key that a destination has chosen."""

    def variant(platform: Platform, options: Mapping[str, str]) -> Platform:
        wanted = options.get(setting.name, setting.default).lower()
        keys = tuple(key for key in platform.keys if wanted in (key.wire, ALL))
        return replace(platform, keys=keys)

    return variant
