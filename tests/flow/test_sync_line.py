"""LINE over whole runs: who leaves is out with the old group, and a group never grows too old."""

from __future__ import annotations

import pytest

from shared.errors import RetryableError
from tests.flow.sync_world import LossyHttp, World, customers

_DESTINATION = """\
name: line-main
platform: line
account: '1234567890'
credentials: sandbox
base_url: {url}/line
guard: {{max_removed_percent: 100, max_change_percent: 100000}}
"""


def line_id(number: int) -> str:
    return f"U{number:032x}"


def took_in(world: World, *numbers: int, tier: str = "gold") -> None:
    """Take in customers with their LINE user ids."""
    world.put("destinations", "line-main", _DESTINATION.format(url=world.url))
    more = {"updated_at": world.now.isoformat()}
    rows = [one.row() | more for one in customers(numbers, tier=tier)]
    ids = [{"line_user_id": line_id(number)} for number in numbers]
    world.ingest("profiles", [row | one for row, one in zip(rows, ids, strict=True)])


def members(world: World) -> set[str]:
    """The user ids of the one group that there is; what is held for it is the same."""
    (there,) = world.platform_audiences("line")
    found = set(world.look(f"state/line/{there}")["members"])
    assert found == set(world.held_keys("line-main"))
    return found


def ids(*numbers: int) -> set[str]:
    return {line_id(number) for number in numbers}


def test_who_leaves_is_out_with_the_old_group(world: World) -> None:
    took_in(world, 1, 2, 3)
    first = world.sync("line-main")
    assert (first.status, first.accepted, members(world)) == ("done", 3, ids(1, 2, 3))
    assert world.sync("line-main").requests == 0
    world.day = 1
    took_in(world, 4)
    added = world.sync("line-main")
    assert (added.audience_id, members(world)) == (first.audience_id, ids(1, 2, 3, 4))
    world.day = 2
    took_in(world, 1, tier="iron")
    second = world.sync("line-main")
    assert (second.status, second.removes) == ("done", 1)
    assert second.audience_id != first.audience_id
    assert members(world) == ids(2, 3, 4)


def test_a_group_is_made_anew_before_it_ends(world: World) -> None:
    took_in(world, 1, 2)
    first = world.sync("line-main")
    world.day = 80
    assert world.sync("line-main").requests == 0
    world.day = 100
    second = world.sync("line-main")
    assert (second.status, members(world)) == ("done", ids(1, 2))
    assert second.audience_id != first.audience_id


def test_an_old_group_that_is_gone_already_is_no_fault(world: World) -> None:
    """LINE answers 400 to a call for a group that is not there."""
    took_in(world, 1, 2)
    world.sync("line-main")
    world.day = 1
    took_in(world, 1, tier="iron")
    lossy = LossyHttp(lambda request: "lost" if request.method == "DELETE" else "")
    with pytest.raises(RetryableError):
        world.sync("line-main", http=lossy)
    assert world.sync("line-main").status == "done"
    assert members(world) == ids(2)


def test_the_old_group_stays_until_line_is_through_with_the_new_one(world: World) -> None:
    took_in(world, 1, 2)
    world.sync("line-main")
    world.day = 1
    took_in(world, 1, tier="iron")
    world.post("limits", {"line": {"polls": 12, "milliseconds": 600_000}})
    assert world.sync("line-main").status == "waiting"
    assert len(world.platform_audiences("line")) == 2
    assert world.sync("line-main").status == "done"
    assert members(world) == ids(2)
