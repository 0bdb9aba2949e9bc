"""Reads a workspace's audience and destination files, all faults at once."""

from __future__ import annotations

from audiences.destinations import Destination
from audiences.flows.places import check_known, read_destination
from audiences.flows.workspace import Workspace
from audiences.rules import spec
from audiences.rules.graph import named, order
from audiences.rules.spec import Audience
from shared.errors import ConfigurationError, Fault


def audiences(workspace: Workspace) -> dict[str, Audience]:
    """Parse every audience file.

    Raises:
        ConfigurationError: with the faults of all files.
    """
    found: dict[str, Audience] = {}
    faults: list[Fault] = []
    for name, text in sorted(workspace.audiences.items()):
        try:
            found[name] = spec.parse(text, f"audiences/{name}.yaml")
        except ConfigurationError as error:
            faults += error.faults
    if faults:
        raise ConfigurationError(*faults)
    return found


def needed(workspace: Workspace, name: str) -> dict[str, Audience]:
    """Parse an audience and all that it names; a fault elsewhere is no matter of theirs.

    Raises:
        ConfigurationError: with the faults of these files, or of how they name each other.
    """
    found: dict[str, Audience] = {}
    faults: list[Fault] = []
    todo = [name]
    while todo:
        each = todo.pop()
        if each in found or each not in workspace.audiences:
            continue
        try:
            found[each] = spec.parse(workspace.audiences[each], f"audiences/{each}.yaml")
            todo += named(found[each])
        except ConfigurationError as error:
            faults += error.faults
    if faults:
        raise ConfigurationError(*faults)
    order(found, name, workspace.audiences)
    return found


def audience(workspace: Workspace, name: str) -> Audience:
    """Parse one audience's file.

    Raises:
        ConfigurationError: when there is none of that name, or for its faults.
    """
    check_known(name, workspace.audiences, "audience", "audiences")
    return spec.parse(workspace.audiences[name], f"audiences/{name}.yaml")


def destination(workspace: Workspace, name: str) -> Destination:
    """Parse one destination's file.

    Raises:
        ConfigurationError: when there is none of that name, or for its faults.
    """
    return read_destination(workspace.destinations, name)
