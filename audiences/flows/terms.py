"""Terms: until when a plan made now may wait, and what else decides which values go."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from audiences.destinations import Destination
from audiences.flows.places import identity_of, operator_of
from audiences.flows.workspace import Workspace
from audiences.match.desired import Terms
from audiences.rules.spec import Audience

LEAST_MINUTES = 15  # where lifetimes bind a plan to the hour, it has this long at least


def starts_at(at: datetime) -> datetime:
    """Return until when a plan made now may wait: lifetimes on the wire count from then."""
    latest = at + timedelta(minutes=LEAST_MINUTES)
    return latest.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)


def terms_at(workspace: Workspace, destination: Destination, mode: str, at: datetime) -> Terms:
    """Return the terms of a plan made at an instant."""
    return Terms(
        mode=mode,
        at=at,
        outlive=starts_at(at),
        country=workspace.settings.default_country,
        identity=identity_of(destination),
    )


def terms_of(rule: Audience, to: Destination) -> str:
    """Digest what else decides who is sent and how: the rule, the consent policy, the options."""
    text = f"{rule.digest}|{to.consent}|{sorted(to.options.items())}"
    if to.uid2 is not None:
        text += f"|{identity_of(to)} {operator_of(to)}"
    return hashlib.sha256(text.encode()).hexdigest()
