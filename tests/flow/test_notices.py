"""Notices: people hear of runs that want a look, once, and never anything of a person."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import boto3
import pytest

from audiences.flows.notices import Teller
from audiences.flows.sync import sync_and_tell
from shared.aws import topic
from shared.errors import BridgeError, ConfigurationError, RetryableError
from shared.notify import Slack, Webhook, notifying
from shared.ports import HttpAnswer, Notice
from tests.fakes import FakeHttp, FakeSecrets, MemoryKeyValue
from tests.flow.sync_world import World, customers

NOTICE = Notice(
    kind="failed", title="gold → meta failed", text="a <b> & c", next="mend it", facts={"run": "1"}
)


@dataclass(slots=True)
class Told:
    """Remembers what it was told; `broken` raises instead."""

    broken: bool = False
    notices: list[Notice] = field(default_factory=list)

    def tell(self, notice: Notice) -> None:
        self.notices.append(notice)
        if self.broken:
            raise RetryableError("nobody listens")


def done(run: str, accepted: int, rejected: int) -> dict[str, Any]:
    counts = {"accepted": accepted, "rejected": rejected, "unknown": 0}
    return {"run": run, "audience": "gold", "destination": "meta", "status": "done", **counts}


def test_a_fall_of_the_accepted_share_is_told_once_and_measured_against_the_last_run() -> None:
    told = Told()
    teller = Teller({"hook": told}, MemoryKeyValue(), match_rate_drop=10)
    for report in (done("1", 900, 100), done("2", 820, 180), done("3", 500, 500)):
        teller.tell_of(report)
        teller.tell_of(report)
    (notice,) = told.notices
    assert notice.kind == "match_rate"
    assert "50.0 %" in notice.text
    assert "82.0 %" in notice.text
    assert (notice.facts["run"], notice.facts["before"]) == ("3", "2")


def test_a_few_rows_say_nothing_of_a_share() -> None:
    told = Told()
    teller = Teller({"hook": told}, MemoryKeyValue())
    teller.tell_of(done("1", 1000, 0))
    teller.tell_of(done("2", 0, 50))
    assert told.notices == []


@pytest.mark.parametrize("status", ["dry_run", "waiting", "planned", "abandoned"])
def test_what_is_no_news_is_not_told(status: str) -> None:
    told = Told()
    Teller({"hook": told}, MemoryKeyValue()).tell_of({**done("1", 0, 900), "status": status})
    failed = {**done("2", 0, 0), "status": "failed", "code": "data", "dry_run": True}
    Teller({"hook": told}, MemoryKeyValue()).tell_of(failed)
    assert told.notices == []


def test_a_failure_says_what_to_do_and_holds_no_address() -> None:
    told = Told()
    failure: Mapping[str, Any] = {
        "audience": "gold", "destination": "meta", "status": "failed", "code": "credential",
        "detail": "the platform refuses ana@example.com",
    }  # fmt: skip
    Teller({"hook": told}, MemoryKeyValue()).tell_of(failure, once="x")
    Teller({"hook": told}, MemoryKeyValue()).tell_of(failure)
    (first, second) = told.notices
    assert "ana@" not in first.text
    assert "renew the credentials" in first.next
    assert first == second


def test_a_notice_that_cannot_be_told_fails_nothing_and_keeps_nobody_from_hearing() -> None:
    broken, told = Told(broken=True), Told()
    teller = Teller({"broken": broken, "hook": told}, MemoryKeyValue())
    teller.tell_of({**done("1", 0, 0), "status": "failed", "code": "data", "detail": "x"})
    assert len(broken.notices) == len(told.notices) == 1


def test_a_webhook_gets_the_notice_and_slack_its_own_words() -> None:
    http = FakeHttp(lambda _: HttpAnswer(status=200))
    secrets = FakeSecrets({"env:HOOK": "https://hook.example/x", "env:SLACK": "https://s.example"})
    everybody = notifying(lambda: http, lambda: secrets, webhook="env:HOOK", slack="env:SLACK")
    for each in everybody.values():
        each.tell(NOTICE)
    hook, slack = http.requests
    assert (hook.method, hook.url) == ("POST", "https://hook.example/x")
    assert json.loads(hook.body)["next"] == "mend it"
    assert json.loads(slack.body).keys() == {"text"}
    assert "a &lt;b&gt; &amp; c" in json.loads(slack.body)["text"]


def test_an_address_that_is_missing_or_silent_is_an_error_without_the_address() -> None:
    silent = FakeHttp(lambda _: HttpAnswer(status=0))
    for kind in (Webhook, Slack):
        with pytest.raises(RetryableError) as caught:
            kind(silent, lambda: "https://hook.example/secret").tell(NOTICE)
        assert "secret" not in str(caught.value)
    with pytest.raises(ConfigurationError):
        notifying(lambda: silent, FakeSecrets, slack="env:NONE")["slack"].tell(NOTICE)


def test_a_topic_sends_it_on(s3_endpoint: str) -> None:
    region, endpoint = "eu-west-1", s3_endpoint
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    sns, sqs = (
        boto3.client(name, region_name=region, endpoint_url=endpoint, **keys)  # type: ignore[call-overload]
        for name in ("sns", "sqs")
    )
    arn = sns.create_topic(Name="runs")["TopicArn"]
    queue = sqs.create_queue(QueueName="heard")["QueueUrl"]
    sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=f"arn:aws:sqs:{region}:123456789012:heard")
    topic.Topic(arn, sns).tell(NOTICE)
    (message,) = sqs.receive_message(QueueUrl=queue)["Messages"]
    body = json.loads(message["Body"])
    assert body["Subject"] == "gold ? meta failed"
    assert "What to do: mend it" in body["Message"]
    with pytest.raises(BridgeError):
        topic.Topic(f"{arn}-gone", sns).tell(NOTICE)


def test_a_stopped_sync_and_a_failed_one_are_told_by_the_command_line(world: World) -> None:
    people = customers(range(1, 8))
    world.customers(people)
    world.sync("meta-main")
    world.put(
        "destinations", "meta-main", world.destination("meta-main", "{max_removed_percent: 1}")
    )
    world.customers([replace(one, tier="none") for one in people[:4]])
    told = Told()
    workspace = replace(world.open(), notify={"hook": told})
    report = sync_and_tell(workspace, "gold", "meta-main")
    with pytest.raises(ConfigurationError):
        sync_and_tell(workspace, "gold", "nowhere")
    stopped, failed = told.notices
    assert (stopped.kind, failed.kind) == ("stopped", "failed")
    assert f"--approve {report.token}" in stopped.next
    assert stopped.facts["run"] == report.run
