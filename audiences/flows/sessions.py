"""Sessions: a destination's account with what is known of it, as requests are signed and paced."""

from __future__ import annotations

from audiences.delivery.pace import Pace
from audiences.delivery.quota import Quota
from audiences.delivery.session import Session
from audiences.destinations import ROLE, Destination
from audiences.flows.bench import Bench
from audiences.flows.places import place_of
from audiences.platforms import platform
from audiences.platforms.base import Platform, Target
from audiences.platforms.limits import limited
from shared.errors import ConfigurationError, Fault


def open_session(bench: Bench, to: Destination, audience: str) -> Session:
    """Open a session with a destination's account.

    Raises:
        ConfigurationError: when the credentials' reference names nothing.
    """
    known = limited(platform(to.platform), to.options)
    target = Target(account=to.account, audience=audience, audience_id="", options=to.options)

    def keep(credentials: str) -> str:
        try:
            bench.secrets.store(to.credentials, credentials)
        except ConfigurationError as error:
            return str(error)
        return ""

    return Session(
        platform=known,
        target=target,
        base_url=(to.base_url or known.base_url).rstrip("/"),
        credentials=secret_of(bench, to),
        http=bench.http,
        clock=bench.clock,
        sleep=bench.sleep,
        pace=Pace(known.limits.per_second, bench.sleep),
        reread=lambda: secret_of(bench, to),
        keep=keep,
        quota=_quota(bench, to, known),
    )


def secret_of(bench: Bench, to: Destination) -> str:
    """Return what a destination's requests are signed with; a role needs nothing.

    Raises:
        ConfigurationError: when the credentials' reference names nothing.
    """
    if to.credentials == ROLE:
        return ""
    try:
        return bench.secrets.resolve(to.credentials)
    except ConfigurationError as error:
        fix = f"there must be: {platform(to.platform).credentials}"
        fault = Fault(f"destinations/{to.name}.yaml", str(error), fix)
        raise ConfigurationError(fault) from error


def _quota(bench: Bench, to: Destination, known: Platform) -> Quota | None:
    """Count the requests of a day where the platform limits them; all destinations of an account.

    The day is that of the bench's clock, which is the real one wherever the platform is.
    """
    most = known.limits.per_day
    return Quota(bench.kv, place_of(to), known.title, most, bench.clock.now) if most else None
