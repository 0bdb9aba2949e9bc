"""Credentials that are refused, expire on the way, or cannot be renewed just now."""

from __future__ import annotations

import pytest

from audiences.flows.runs import list_runs
from shared.errors import ConfigurationError, CredentialError, RetryableError
from tests.flow.sync_world import PLATFORMS, LossyHttp, World, customers

everywhere = pytest.mark.parametrize("to", sorted(PLATFORMS))


@everywhere
def test_wrong_credentials_are_said_and_a_rerun_goes_on(world: World, to: str) -> None:
    people = customers(range(1, 5))
    world.customers(people)
    text = world.destination(to).replace("credentials: sandbox", "credentials: file:token")
    world.put("destinations", to, text)
    token = world.folder / "token"
    token.write_text("not-the-token-of-anyone")
    with pytest.raises(CredentialError, match="refuses the credentials") as caught:
        world.sync(to)
    assert "not-the-token" not in str(caught.value)
    assert not world.members(to)
    (listed,) = list_runs(world.open())
    assert listed["status"] == "interrupted"
    token.write_text("sandbox")
    report = world.sync(to)
    world.in_step(to, people)
    assert report.resumed


def test_wrong_credentials_are_said_where_audiences_cannot_be_looked_for(world: World) -> None:
    world.customers(customers(range(1, 5)))
    text = world.destination("meta-main").replace("credentials: sandbox", "credentials: file:t")
    text = text.replace("meta-main", "amazon-main").replace("meta", "amazon")
    world.put("destinations", "amazon-main", text)
    (world.folder / "t").write_text("not-the-token-of-anyone")
    with pytest.raises(CredentialError, match="refuses the credentials"):
        world.sync("amazon-main")


def test_a_token_that_expires_on_the_way_is_renewed(world: World) -> None:
    """Google's client credentials get a new token from the token endpoint, once for all lanes."""
    people = customers(range(1, 5))
    world.customers(people)
    text = world.destination("google-main").replace("credentials: sandbox", "credentials: file:t")
    world.put("destinations", "google-main", text)
    client = '"client_id": "sandbox", "client_secret": "sandbox", "refresh_token": "sandbox"'
    address = f'"token_uri": "{world.url}/google/token"'
    (world.folder / "t").write_text(f'{{"access_token": "gone", {client}, {address}}}')
    world.sync("google-main")
    world.in_step("google-main", people)
    assert len([r for r in world.requests() if r["path"].endswith("/token")]) == 1


def test_a_token_endpoint_that_is_away_says_nothing_of_the_credentials(world: World) -> None:
    world.customers(customers(range(1, 5)))
    text = world.destination("google-main").replace("credentials: sandbox", "credentials: file:t")
    world.put("destinations", "google-main", text)
    client = '"client_id": "sandbox", "client_secret": "sandbox", "refresh_token": "sandbox"'
    address = f'"token_uri": "{world.url}/google/token"'
    (world.folder / "t").write_text(f'{{"access_token": "gone", {client}, {address}}}')
    lossy = LossyHttp(lambda request: "down" if request.url.endswith("/token") else "")
    with pytest.raises(RetryableError):
        world.sync("google-main", http=lossy)


def test_a_secret_that_is_not_there_is_said_before_any_work(world: World) -> None:
    world.customers(customers([1]))
    text = world.destination("meta-main").replace("credentials: sandbox", "credentials: file:none")
    world.put("destinations", "meta-main", text)
    with pytest.raises(ConfigurationError, match="file:none"):
        world.sync("meta-main")
    assert not list(world.open().lake.store.list("outbox/"))
