"""What goes along with a person's keys: whether a destination sends it at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from audiences.platforms.base import Key, Platform, Setting

ATTRIBUTES = Setting(
    name="attributes",
    says="whether a record's names, place and birth go along as far as the platform takes them",
    default="all",
    choices=("all", "none"),
)


def keys(**types: str) -> tuple[Key, ...]:
    """Return keys of one attribute type each, by the platform's own names."""
    return tuple(Key(wire=wire, types=(kind,)) for wire, kind in types.items())


def variant(platform: Platform, options: Mapping[str, str]) -> Platform:
    """Return the platform without attributes where a destination wants none sent."""
    if options.get(ATTRIBUTES.name, ATTRIBUTES.default).lower() != "none":
        return platform
    own = tuple(key for key in platform.keys if not key.joined)
    return replace(platform, keys=own, attributes=())
