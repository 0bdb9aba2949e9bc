"""What a destination takes: its platform and rules by its options, audiences and modes."""

from __future__ import annotations

from audiences.destinations import Destination
from audiences.identifiers.packs import PACKS, Pack, pack
from audiences.platforms import platform
from audiences.platforms.base import Platform
from audiences.platforms.limits import limited
from audiences.platforms.modes import modes
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
    known = modes(to)
    if mode not in known:
        differs = "; mirror sends the difference" if "mirror" in known else ""
        use = " or ".join(known)
        raise ConfigurationError(f"{to.title} has no mode '{mode}' here (use {use}{differs})")
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
