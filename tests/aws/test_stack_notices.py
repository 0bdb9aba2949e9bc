"""The deployed stack tells a webhook of a run that failed, by the secret that a parameter names."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from shared.clock import Clock, iso
from tests.aws.local import NOTICES, Local
from tests.aws.roles import without
from tests.aws.shop import exported
from tests.hook import listening

pytestmark = [pytest.mark.aws, pytest.mark.timeout(900)]


def refreshed(local: Local, minutes: int) -> None:
    event = json.dumps({"scheduled": iso(Clock().now() + timedelta(minutes=minutes))})
    local.client("lambda").invoke(FunctionName="e2e-refresh", Payload=event)


def test_a_webhook_that_was_away_hears_once_of_a_failed_run(
    local: Local, key: str, platforms: str
) -> None:
    with listening() as hook:
        where = json.dumps({"webhook": f"{hook.url}/hook"})
        local.client("secretsmanager").create_secret(Name=NOTICES, SecretString=where)
        hook.status = 503
        with without(local, "DeliverRole", "secretsmanager:GetSecretValue"):
            assert exported(local, key, "google-main", "notices-1")["status"] == "failed"
        assert hook.heard == []
        hook.status = 200
        for minutes in (1, 2):
            refreshed(local, minutes)
        assert hook.titles() == ["vips → google-main failed"]
