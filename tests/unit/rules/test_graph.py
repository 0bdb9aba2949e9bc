"""Audiences are built after those that they name, and a bad web of names is refused whole."""

from __future__ import annotations

import pytest

from audiences.rules.graph import order
from audiences.rules.spec import Audience, parse
from shared.errors import ConfigurationError


def web(**texts: str) -> dict[str, Audience]:
    named = {name.replace("_", "-"): text for name, text in texts.items()}
    return {name: parse(f"name: {name}\n{text}", f"{name}.yaml") for name, text in named.items()}


def member_of(*names: str, more: str = "") -> str:
    rules = ", ".join(f"{{member_of: {name}}}" for name in names)
    return f"where:\n  all: [{rules}]\n{more}"


LEAF = "where: {profile: {field: country, is: VN}}"
DEVICES = "of: devices\nwhere: {seen: {trait: run}}"


def faults(audiences: dict[str, Audience], wanted: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        order(audiences, wanted)
    return [str(fault) for fault in caught.value.faults]


def test_dependencies_come_first_and_once():
    """A diamond is built bottom up, each audience once, and nothing that is not needed."""
    audiences = web(
        a=member_of("b", "c"),
        b=member_of("d"),
        c=f"{LEAF}\nsuppress: [d, do-not-contact]",
        d=LEAF,
        unused=member_of("nobody"),
    )
    assert order(audiences, "a") == ("d", "b", "c", "a")
    assert order(audiences, "d") == ("d",)


def test_an_audience_may_add_to_do_not_contact():
    """The built-in name needs no file; where there is one, it is built first."""
    audiences = web(a=f"{LEAF}\nsuppress: [do-not-contact]")
    assert order(audiences, "a") == ("a",)
    audiences |= web(do_not_contact=LEAF)
    assert order(audiences, "a") == ("do-not-contact", "a")


def test_unknown_names_are_all_told_with_a_hint():
    """Every unknown name has its line, and the nearest known one."""
    audiences = web(a=member_of("newsleter", more="suppress: [stuff]"), newsletter=LEAF, staff=LEAF)
    said = faults(audiences, "a")
    assert said == [
        "a.yaml:3: there is no audience 'newsleter' (did you mean 'newsletter'?)",
        "a.yaml:4: there is no audience 'stuff' (did you mean 'staff'?)",
    ]
    assert "did you mean 'newsletter'?" in faults(audiences, "newsletters")[0]


def test_what_is_named_twice_is_judged_once():
    """A fault below two audiences is one fault."""
    audiences = web(a=member_of("b", "c"), b=member_of("d"), c=member_of("d"), d=member_of("e"))
    assert len(faults(audiences, "a")) == 1


def test_a_cycle_is_drawn():
    """A circle of audiences is told as the way round it, from the line that closes it."""
    audiences = web(a=member_of("b"), b=member_of("c"), c=f"{LEAF}\nsuppress: [b]")
    (said,) = faults(audiences, "a")
    assert said.startswith("c.yaml:3: audiences need each other: b -> c -> b")
    (own,) = faults(web(a=member_of("a")), "a")
    assert "a -> a" in own


def test_people_and_devices_do_not_mix():
    """Membership is of one kind; only a device may be suppressed because of its person."""
    audiences = web(
        people=LEAF,
        devices=DEVICES,
        mixed=member_of("devices", more="suppress: [devices]"),
        reverse="of: devices\n" + member_of("people"),
        quiet=f"{DEVICES}\nsuppress: [people]",
    )
    assert len(faults(audiences, "mixed")) == 2
    assert "'reverse' is of devices, 'people' is of people" in faults(audiences, "reverse")[0]
    assert order(audiences, "quiet") == ("people", "quiet")
