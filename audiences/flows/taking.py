"""What a destination takes: its platform and rules by its options, audiences and modes."""

from __future__ import annotations

from audiences.destinations import Destination
from audiences.identifiers.packs import PACKS, Pack, pack
from audiences.platforms import platform
from audiences.platforms.base import Op, Platform
from audiences.platforms.limits import limited
from audiences.rules.spec import Audience
from shared.errors import ConfigurationError


def taking(destination: Destination) -> tuple[Platform, Pack]:
    """Return what a destination takes, and by which rules, as its options have them."""
    options = destination.options
    to = limited(platform(destination.platform), options)
    return to, pack(to.rules or destination.platform, options)


def check(audience: Audience, to: Platform, mode: str) -> None:
    """Refuse an audience or mode that the platform cannot take.

    Raises:
        ConfigurationError: saying what it takes.
    """
    # Who takes nobody out is told anew under a new id, which only a platform can give.
    adds = Op.ADD in to.ops
    mirrors = adds and (Op.REMOVE in to.ops or to.create is not None)
    can = {"mirror": mirrors, "add": adds, "replace": Op.REPLACE in to.ops}
    if not can.get(mode):
        known = " or ".join(name for name, able in can.items() if able)
        differs = "; mirror sends the difference" if mirrors else ""
        raise ConfigurationError(f"{to.title} has no mode '{mode}' here (use {known}{differs})")
    if audience.of not in to.of:
        raise ConfigurationError(
            f"audience '{audience.name}' is of {audience.of}, and {to.title} takes only "
            f"{' and '.join(sorted(to.of))}: it keeps ids without an end of life "
            f"(send it to a platform that forgets, or make it of: people)"
        )


def lets_go(slug: str) -> bool:
    """Say whether what was sent to a platform is let go when its run is settled: it is in clear."""
    rules = PACKS.get(slug)
    return rules is not None and rules.clear
