"""Another time than the present is for the sandbox and for dry runs alone."""

from __future__ import annotations

import pytest

from shared.errors import ConfigurationError
from shared.ports import HttpAnswer
from tests.fakes import FakeHttp
from tests.flow.sync_world import World, customers


@pytest.mark.parametrize("day", [-400.0, 0.0, 4000.0])
def test_a_real_platform_is_sent_nothing_as_of_another_time(world: World, day: float) -> None:
    world.day = day
    world.customers(customers([1], device=False))
    real = world.destination("meta-main").replace("credentials: sandbox", "credentials: env:HOME")
    for url in (f"base_url: {world.url}/meta\n", ""):
        place = "" if url else "base_url: https://graph.example.com\n"
        world.put("destinations", "meta-main", real.replace(f"base_url: {world.url}/meta\n", place))
        network = FakeHttp(lambda _: HttpAnswer(status=500))
        with pytest.raises(ConfigurationError, match="--as-of"):
            world.sync("meta-main", http=network)
        assert world.sync("meta-main", http=network, dry_run=True).adds == 1
        assert not network.requests
