"""The stand-ins by slug; each is imported when it is first called."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from infra.sandbox.call import StandIn

SLUGS = (
    "meta",
    "google",
    "tiktok",
    "linkedin",
    "snapchat",
    "pinterest",
    "amazon",
    "the_trade_desk",
    "uid2",
    "microsoft",
    "x",
    "reddit",
    "criteo",
    "line",
    "yahoo",
    "braze",
    "klaviyo",
    "onesignal",
    "webhook",
    "file_drop",
)


def stand_in(slug: str) -> StandIn | None:
    """Return a platform's stand-in, or None where there is none."""
    return _load(slug) if slug in SLUGS else None


@cache
def _load(slug: str) -> StandIn:
    # A module holds its stand-in under its own name in capitals, as `meta` holds META.
    standin: StandIn = getattr(import_module(f"infra.sandbox.{slug}"), slug.upper())
    return standin
