"""Unmapped: says which customers a platform of raw ids misses, and what would bring them to it."""

from __future__ import annotations

from collections.abc import Mapping

from audiences.destinations import Destination
from audiences.flows.map_uid2 import count_due
from audiences.flows.places import identity_of
from audiences.flows.taking import taking
from audiences.flows.workspace import Workspace
from audiences.match.losses import NO_KEY, wants_raw_ids
from audiences.rules.spec import Audience


def lacks_operator(to: Destination) -> str:
    """Say what a destination without an operator misses, and how to mend it; nothing if nothing."""
    if to.uid2 is not None or not wants_raw_ids(taking(to)[0]):
        return ""
    return (
        "customers known by e-mail or phone are not mapped: add `uid2:` with `identity` and "
        f"`credentials` to destinations/{to.name}.yaml"
    )


def unmapped(
    workspace: Workspace, rule: Audience, to: Destination, dropped: Mapping[str, int]
) -> list[str]:
    """Say before a run what of an audience's contacts is not mapped; a dry run asks nobody."""
    if rule.of != "people":
        return []
    missed = lacks_operator(to) if dropped.get(NO_KEY) else ""
    if missed:
        return [missed]
    due = count_due(workspace, rule, to)
    who = identity_of(to).upper()
    told = (
        f"{due:,} e-mail addresses and phone numbers have no fresh {who}: a run asks the {who} "
        "operator for them first, and who has nothing else and is not held is not in this plan"
    )
    return [told] if due else []
