"""The example of each platform leads to its stand-in as it is."""

from __future__ import annotations

from audiences.flows.doctor import examine
from audiences.platforms import MODULES, platform
from audiences.platforms.example import SANDBOX, example
from tests.flow.sync_world import World


def test_the_example_of_each_platform_is_let_in(world: World) -> None:
    for slug in MODULES:
        name = slug.replace("_", "-")
        text = example(platform(slug), name)
        world.put("destinations", name, text.replace(SANDBOX, world.url))
    world.clock()
    found = [
        check for check in examine(world.open()) if check.check in {"configuration", "credentials"}
    ]
    assert not [check for check in found if check.status == "failed"]
    assert {check.subject for check in found} >= {slug.replace("_", "-") for slug in MODULES}
