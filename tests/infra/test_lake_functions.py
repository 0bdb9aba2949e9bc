"""The handlers that a schedule, the API or a sync calls, on real events, with AWS on loopback."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError

from audiences.flows import views
from audiences.flows.exports import Export
from functions import _lake, _runtime
from functions.sync.wish import read_event
from shared.aws.executions import Executions
from shared.errors import ConfigurationError, DataError
from tests.builders import ingest
from tests.hook import listening
from tests.infra.stack import Context, Stack, event

CUSTOMERS = [{"external_id": f"C{n}", "country": "VN" if n < 3 else "TH"} for n in range(5)]


@pytest.fixture
def shop(stack: Stack) -> Stack:
    ingest(_lake.workspace(), "profiles", CUSTOMERS)
    return stack


def test_a_schedule_refreshes_every_audience_once(shop: Stack) -> None:
    from functions.refresh.handler import handler

    broken = b"name: broken\nwhere: {profile: {field: country, is: []}}\n"
    shop.clients["s3"].put_object(Bucket=shop.lake, Key="config/audiences/broken.yaml", Body=broken)
    first = handler(event("schedule_refresh"), Context())
    assert first == {"built": ["gold"], "failed": ["broken"], "left": []}
    built = shop.keys("members/gold/_manifests/")
    assert handler(event("schedule_refresh"), Context()) == first
    assert shop.keys("members/gold/_manifests/") == built


def test_a_refresh_tells_of_what_nobody_has_heard(
    shop: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    from functions.refresh.handler import handler

    name = f"{shop.lake}-notices"
    monkeypatch.setenv("BRIDGE_NOTIFY_SECRET", name)
    failed = {"audience": "gold", "destination": "meta", "status": "failed", "code": "data"}
    with listening() as hook:
        _runtime.teller().tell_of(failed, once="x")  # there is no such secret
        addresses = json.dumps({"webhook": f"{hook.url}/hook"})
        shop.clients["secretsmanager"].create_secret(Name=name, SecretString=addresses)
        for hour in ("08", "09"):
            handler({"scheduled": f"2026-11-21T{hour}:00:00Z"}, Context())
    assert hook.titles() == ["gold → meta failed"]


def test_an_audience_is_not_begun_when_time_is_short(shop: Stack) -> None:
    from functions.refresh.handler import handler

    told = handler({"scheduled": "2026-11-21T07:00:00Z"}, Hurried())
    assert told == {"built": [], "failed": [], "left": ["gold"]}


@dataclass(frozen=True, slots=True)
class Hurried:
    """A worker at the end of its time."""

    function_name: str = "test"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:eu-west-1:123456789012:function:test"
    aws_request_id: str = "52fdfc07-2182-454f-963f-5f0f9a621d72"

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


def test_pieces_of_a_sync_are_done_in_its_turn(shop: Stack) -> None:
    from functions.plan.handler import handler as plan
    from functions.refresh.handler import handler as refresh

    destination = (
        "name: meta\nplatform: meta\naccount: act_1\ncredentials: secret://none\n"
        "base_url: http://127.0.0.1:9\n"
    )
    key = "config/destinations/meta.yaml"
    shop.clients["s3"].put_object(Bucket=shop.lake, Key=key, Body=destination.encode())
    assert refresh(event("piece_refresh"), Context()) == {"done": {}}
    told = plan(event("piece_plan"), Context())["done"]["report"]
    assert (told["status"], told["adds"]) == ("planned", 3)
    # Asked again by the same execution, as after a crash, it is the same plan.
    assert plan(event("piece_plan"), Context())["done"]["report"]["run"] == told["run"]
    other = event("piece_plan") | {"owner": "another execution"}
    assert plan(other, Context())["error"] == "integrity"
    settle = event("piece_settle")
    settle["what"] |= {"run": told["run"], "abandoned": True}
    report = plan(settle, Context())["done"]["report"]
    assert (report["status"], report["accepted"]) == ("abandoned", 0)


def test_a_piece_of_sending_tells_what_is_missing(shop: Stack) -> None:
    from functions.deliver.handler import handler

    told = handler(event("piece_send"), Context())
    assert (told["error"], "no longer under way" in told["detail"]) == ("integrity", True)
    ready = event("piece_send") | {"work": "ready"}
    ready["what"] = {"audience": "gold", "destination": "nowhere"}
    told = handler(ready, Context())
    assert (told["error"], "nowhere" in told["detail"]) == ("configuration", True)


@pytest.mark.parametrize("wrong", [{"work": "dance"}, {"what": {"email": "ada.canary@x.com"}}])
def test_what_is_no_piece_of_work_is_refused(stack: Stack, wrong: dict[str, Any]) -> None:
    from functions.deliver.handler import handler

    with pytest.raises(DataError) as refused:
        handler(event("piece_send") | wrong, Context())
    assert "ada.canary" not in str(refused.value)


def test_a_schedule_sweeps_what_is_over(shop: Stack) -> None:
    from functions.forget.handler import handler

    old = "landing/source=crm/day=2020-01-01/profiles-x.csv"
    shop.clients["s3"].put_object(Bucket=shop.lake, Key=old, Body=b"x")
    first = handler(event("schedule_forget"), Context())
    assert first == {"partitions": 0, "rows": 0, "files": 1, "overdue": 0}
    assert handler(event("schedule_forget"), Context()) == first
    with pytest.raises(ConfigurationError, match="not available in this version"):
        handler({"erase": {"id": "x"}}, Context())


@dataclass(slots=True)
class Lambda:
    """A Lambda client that knows which executions were started."""

    started: dict[str, dict[str, Any]] = field(default_factory=dict)

    def invoke(self, **call: Any) -> None:
        if call["DurableExecutionName"] in self.started:
            code = {"Error": {"Code": "DurableExecutionAlreadyStartedException"}}
            raise ClientError(code, "Invoke")
        self.started[call["DurableExecutionName"]] = call


@pytest.fixture
def started(stack: Stack) -> dict[str, dict[str, Any]]:
    client, executions = Lambda(), _runtime.executions()
    assert isinstance(executions, Executions)
    executions._client = client
    return client.started


@pytest.mark.parametrize("repair", [False, True])
def test_an_export_starts_one_execution_of_its_name(
    shop: Stack, started: dict[str, dict[str, Any]], repair: bool
) -> None:
    from functions.jobs.handler import handler

    asked = event("job_export")
    export = Export(
        id=asked["id"],
        audience="gold",
        to="meta",
        mode="add",
        dry_run=True,
        approve="",
        by="k",
        at="2026-11-21T06:00:00Z",
        repair=repair,
    )
    body = json.dumps({name: getattr(export, name) for name in export.__slots__})
    shop.clients["s3"].put_object(Bucket=shop.lake, Key=f"exports/{export.id}.json", Body=body)
    for _ in range(2):
        assert handler(asked, Context()) == {"status": "started", "execution": export.id}
    (call,) = started.values()
    assert call["FunctionName"].endswith(":live")
    wish = {"audience": "gold", "destination": "meta", "mode": "add", "dry_run": True}
    wish |= {"approve": "", "export": export.id} | ({"repair": True} if repair else {})
    assert json.loads(call["Payload"]) == wish
    assert read_event(wish).wish.repair is repair
    with pytest.raises(DataError):
        handler({"job": "export", "id": "20200101T000000-0000000000"}, Context())


def test_a_due_sync_is_started_once_for_its_time(started: dict[str, dict[str, Any]]) -> None:
    from functions.jobs.handler import handler

    due = event("schedule_sync")
    names = {handler(due, Context())["execution"] for _ in range(2)}
    names.add(handler(due | {"at": "2026-11-22T06:00:00Z"}, Context())["execution"])
    assert {*started} == names
    assert len(names) == 2
    with pytest.raises(DataError) as refused:
        handler({"job": "sync", "audience": "ada.canary@example.com"}, Context())
    assert "ada.canary" not in str(refused.value)


@pytest.mark.parametrize("name", ["sync", "sync_repair"])
def test_a_sample_of_what_a_sync_is_asked_for_with_is_read(name: str) -> None:
    asked = event(name)
    wish = read_event(asked)
    assert (wish.wish.repair, wish.export) == (name == "sync_repair", asked["export"])
    for wrong in ({"repair": "yes"}, {"repair": None}, {"fix": True}):
        with pytest.raises(DataError):
            read_event(asked | wrong)


def test_a_job_makes_what_the_api_shows(shop: Stack) -> None:
    from functions.jobs.handler import handler

    assert handler({"job": "estimate", "id": "gold"}, Context()) == {"status": "done"}
    body = shop.clients["s3"].get_object(Bucket=shop.lake, Key=views.estimate_key("gold"))
    assert json.loads(body["Body"].read())["members"] == 3
    assert handler({"job": "report", "id": "contrast"}, Context()) == {"status": "done"}
    assert shop.keys("reports/") == ["reports/contrast.json"]


def test_a_schedule_probes_every_destination_and_counts_what_is_refused(
    shop: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    from functions.deliver.handler import handler

    text = b"name: gone\nplatform: meta\naccount: act_1\ncredentials: secret://ads/nobody\n"
    key = "config/destinations/gone.yaml"
    shop.clients["s3"].put_object(Bucket=shop.lake, Key=key, Body=text)
    told = handler(event("schedule_probe"), Context())
    statuses = {one["destination"]: one["status"] for one in told["destinations"]}
    assert statuses == {"gone": "misconfigured", "meta": "misconfigured"}  # no secret is there
    assert told["refused"] == 2
    assert '"CredentialsRefused":[2.0]' in capsys.readouterr().out.replace(" ", "")
    with pytest.raises(DataError):
        handler({"work": "probe", "what": {"audience": "gold"}}, Context())


def test_who_maps_contacts_is_probed_where_its_envelope_can_be_made(
    shop: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    from functions.plan.handler import handler

    text = b"name: ttd\nplatform: the_trade_desk\naccount: a\ncredentials: secret://ads/ttd\n"
    key = "config/destinations/ttd.yaml"
    operator = b"uid2: {credentials: secret://ads/uid2-nobody}\n"
    shop.clients["s3"].put_object(Bucket=shop.lake, Key=key, Body=text + operator)
    told = handler(event("schedule_probe"), Context())
    assert [(one["destination"], one["status"]) for one in told["destinations"]] == [
        ("ttd:uid2", "misconfigured")
    ]
    assert '"CredentialsRefused":[1.0]' in capsys.readouterr().out.replace(" ", "")
    with pytest.raises(DataError):
        handler({"work": "probe", "what": {"audience": "gold"}}, Context())
