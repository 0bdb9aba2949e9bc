"""Where a destination leads, and how what is kept of its runs is named."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from shared.errors import ConfigurationError, Fault

if TYPE_CHECKING:
    from audiences.destinations import Destination


def read_destination(files: Mapping[str, str], name: str) -> Destination:
    """Parse one destination's file.

    Raises:
        ConfigurationError: when there is none of that name, or for its faults.
    """
    from audiences import destinations  # noqa: PLC0415 - a durable sync only wants names from here

    check_known(name, files, "destination", "destinations")
    file = f"destinations/{name}.yaml"
    found = destinations.parse(files[name], file)
    if found.name != name:
        fault = Fault(f"{file}:1", f"the file is called {name}, its name is {found.name}")
        raise ConfigurationError(fault)
    return found


def check_known(name: str, known: Mapping[str, str], what: str, folder: str) -> None:
    """Refuse a name that has no file, and say which one may have been meant.

    Raises:
        ConfigurationError: when there is no such file.
    """
    if name in known:
        return
    near = difflib.get_close_matches(name, known, 1)
    hint = f"did you mean '{near[0]}'?" if near else f"write {folder}/{name}.yaml"
    raise ConfigurationError(Fault(f"{folder}/", f"there is no {what} '{name}'", hint))


def place_of(to: Destination) -> str:
    """Name the place that a destination stands for: platform, address and account."""
    return f"{to.platform} {to.base_url or 'live'} {to.account}"


def identity_of(to: Destination) -> str:
    """Return the identity as whose raw ids contacts go; empty where they are not mapped."""
    return to.uid2.identity if to.uid2 else ""


def operator_of(to: Destination) -> str:
    """Name the place that maps a destination's contacts; empty where they are not mapped."""
    return to.uid2.place if to.uid2 else ""


def held_table(destination: str, audience: str) -> str:
    """Name the table of what a destination holds of an audience."""
    return f"held/{destination}/{audience}"


def turn_name(destination: str, audience: str) -> str:
    """Name what only one run at a time may be at: a pair of destination and audience."""
    return f"sync/{destination}/{audience}"


def open_key(destination: str, audience: str) -> str:
    """Name the note of the run that is under way for a pair."""
    return f"open/{destination}/{audience}"


def id_key(place: str, audience: str) -> str:
    """Name the note of an audience's id on a platform."""
    # The sandbox's ids are not the real platform's: the address is part of the place.
    return f"audience_id/{place}/{audience}"


def report_key(run: str) -> str:
    """Name the final report of a run."""
    return f"runs/{run}.json"


def cancel_key(run: str) -> str:
    """Name the note that a run is to end where it is."""
    return f"cancel/{run}"
