"""Reads a workspace's audience and destination files, all faults at once."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from audiences import destinations
from audiences.destinations import Destination
from audiences.flows.workspace import Workspace
from audiences.rules import spec
from audiences.rules.graph import named
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
        ConfigurationError: with the faults of these files.
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
    return found


def audience(workspace: Workspace, name: str) -> Audience:
    """Parse one audience's file.

    Raises:
        ConfigurationError: when there is none of that name, or for its faults.
    """
    _known(name, workspace.audiences, "audience", "audiences")
    return spec.parse(workspace.audiences[name], f"audiences/{name}.yaml")


def destination(workspace: Workspace, name: str) -> Destination:
    """Parse one destination's file.

    Raises:
        ConfigurationError: when there is none of that name, or for its faults.
    """
    _known(name, workspace.destinations, "destination", "destinations")
    file = f"destinations/{name}.yaml"
    found = destinations.parse(workspace.destinations[name], file)
    if found.name != name:
        fault = Fault(f"{file}:1", f"the file is called {name}, its name is {found.name}")
        raise ConfigurationError(fault)
    return found


def _known(name: str, known: Mapping[str, str], what: str, folder: str) -> None:
    if name in known:
        return
    near = difflib.get_close_matches(name, known, 1)
    hint = f"did you mean '{near[0]}'?" if near else f"write {folder}/{name}.yaml"
    raise ConfigurationError(Fault(f"{folder}/", f"there is no {what} '{name}'", hint))
