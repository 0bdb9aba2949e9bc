"""Tokens that platforms give: got before they are needed, at their stand-ins over real HTTP."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from audiences.platforms import MODULES, platform
from audiences.platforms.base import Op
from shared.errors import CredentialError
from tests.contract.cases.case import case
from tests.contract.stand import Stand

RENEWING = [slug for slug in sorted(MODULES) if case(slug).tokens_at]
ROTATING = ["microsoft"]  # whose endpoint gives a new refresh token with each access token


@pytest.fixture
def stand(stand: Stand, tmp_path: Path) -> Stand:
    """A stand-in with credentials that hold no token yet."""
    # A secret of its own for each test: tokens are kept by it, and the stand-in was reset.
    fresh = stand.case.client(f"{stand.url}/{stand.found.slug}", note=tmp_path.name)
    stand.case = replace(stand.case, credentials=fresh)
    return stand


def test_whoever_renews_has_an_endpoint_here() -> None:
    assert [slug for slug in sorted(MODULES) if platform(slug).refresh] == RENEWING


@pytest.mark.parametrize("slug", RENEWING)
def test_a_token_is_got_before_the_first_call_and_the_rest_is_kept(stand: Stand) -> None:
    stand.make()
    stand.run(Op.ADD, [stand.case.row(stand.found, 1)])
    assert stand.count() == 1
    session = stand.session()
    session.renew(session.credentials)
    kept = json.loads(session.credentials)
    assert kept["access_token"].startswith("sandbox-")
    assert kept["note"] == json.loads(stand.case.credentials)["note"]
    assert kept["ends"] > 0


@pytest.mark.parametrize("slug", RENEWING)
def test_a_client_that_is_not_known_ends_the_run_and_no_secret_is_told(stand: Stand) -> None:
    wrong = json.loads(stand.case.credentials) | {"client_secret": "s3cr3t"}
    stand.case = replace(stand.case, credentials=json.dumps(wrong))
    with pytest.raises(CredentialError) as caught:
        stand.make()
    assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize("slug", ROTATING)
def test_a_new_refresh_token_is_stored_before_the_old_one_is_forgotten(stand: Stand) -> None:
    stored: list[str] = []
    session = stand.session()
    session.keep = lambda text: stored.append(text) or ""
    session.renew(session.credentials)
    (text,) = stored
    assert json.loads(text)["refresh_token"].startswith("sandbox-refresh-")
    assert json.loads(text)["developer_token"] == "sandbox"
