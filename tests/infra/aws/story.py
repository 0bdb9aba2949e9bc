"""The story in which every function does all that it is for."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import boto3
import pyarrow as pa

from audiences.flows.access import create_key
from audiences.lake import snapshot
from audiences.schemas import HELD
from functions import _lake, _runtime
from shared.clock import Clock
from tests.infra.aws.world import GOLD, World, event


def play(world: World) -> None:
    """Let every function do all that it is for."""
    _take_in(world)
    key = _define(world)
    for _ in range(2):
        world.call("refresh", event("schedule_refresh"))
    _export(world, key)
    _ask(world, key)
    _sweep(world)


def _take_in(world: World) -> None:
    for name in ("http_track", "http_pixel"):
        world.call("collect", event(name))
    out = _http("http_pixel", "POST", "/v1/opt-out", "cookies", [f"bridge_id={'a' * 32}"])
    world.call("collect", out)
    world.call("collect", out | {"rawPath": "/v1/memberships"} | _path("GET", "/v1/memberships"))
    day = f"{Clock().now():%Y-%m-%d}"
    people = "".join(f"C{n},p{n}@example.com,gold,true\n" for n in range(9))
    files = {
        "profiles": f"external_id,email,tier,consent_ads\n{people},broken,,\n",
        "events": f"event_id,name,at,external_id,value\n1,order,{day},C1,5\n",
        "sightings": f"id_type,id,seen_at,source,party\ncookie,abc,{day},web,1\n",
    }
    for kind, text in files.items():
        _drop(world, kind, text)
    _drop(world, "profiles", files["profiles"])
    batch = json.dumps(event("sqs_calls"))
    world.call("ingest", json.loads(batch))
    # What is known of the record by now is read, too.
    world.call("ingest", json.loads(batch.replace("m1", "m3").replace("m2", "m4")))
    _die()
    for kind, text in files.items():
        _drop(world, kind, text)


def _drop(world: World, kind: str, text: str) -> None:
    key = f"inbox/{kind}/crm/new.csv"
    boto3.client("s3").put_object(Bucket="inboxbucket", Key=key, Body=text.encode())
    dropped = event("s3_inbox")
    dropped["detail"]["bucket"]["name"], dropped["detail"]["object"]["key"] = "inboxbucket", key
    told = world.call("ingest", dropped)
    assert told["status"] in ("done", "already"), told


def _die() -> None:
    """Leave things as commits do that died before they were whole."""
    s3 = boto3.client("s3")
    for found in _listed("commits/"):
        s3.delete_object(Bucket="lakebucket", Key=found)
        attempt = found.replace("commits/", "attempts/")
        s3.put_object(Bucket="lakebucket", Key=attempt, Body=b'{"at": "2026-11-20"}')


def _listed(prefix: str) -> list[str]:
    found = boto3.client("s3").list_objects_v2(Bucket="lakebucket", Prefix=prefix)
    return [each["Key"] for each in found.get("Contents", [])]


def _path(method: str, path: str) -> dict[str, Any]:
    asked = event("http_audiences")["requestContext"]
    return {"requestContext": {**asked, "http": {**asked["http"], "method": method, "path": path}}}


def _http(base: str, method: str, path: str, *more: Any) -> dict[str, Any]:
    pairs = dict(zip(more[::2], more[1::2], strict=True))
    return event(base) | {"rawPath": path, **_path(method, path), **pairs}


def _api(world: World, key: str, method: str, path: str, body: Any = None, **headers: str) -> Any:
    asked = _http("http_audiences", method, path)
    asked["headers"] |= {"authorization": f"Bearer {key}", **headers}
    if body is not None:
        asked["body"] = body if isinstance(body, str) else json.dumps(body)
    return world.call("api", asked)


def _define(world: World) -> str:
    key = create_key(_runtime.key_value(), Clock(), "test", "admin")[1]
    for name in ("gold", "other"):
        text = GOLD.replace("name: gold", f"name: {name}")
        assert _api(world, key, "PUT", f"/audiences/{name}", text)["statusCode"] == 201
    changed = GOLD.replace("name: gold", "name: other").replace("0 6", "0 7")
    assert (
        _api(world, key, "PUT", "/audiences/other", changed, **{"if-match": "*"})["statusCode"]
        == 200
    )
    gone = _api(world, key, "DELETE", "/audiences/other", **{"if-match": "*"})
    assert gone["statusCode"] == 204
    _api(world, key, "GET", "/audiences")
    # Files that came some other way: refresh changes, makes and removes schedules too.
    s3 = boto3.client("s3")
    scheduler = boto3.client("scheduler")
    (name,) = [
        each["Name"] for each in scheduler.list_schedules(GroupName="Schedules")["Schedules"]
    ]
    old = scheduler.get_schedule(Name=name, GroupName="Schedules")
    scheduler.create_schedule(
        Name="left", GroupName="Schedules",
        **{k: old[k] for k in ("ScheduleExpression", "FlexibleTimeWindow", "Target")},
    )  # fmt: skip
    more = GOLD.replace("name: gold", "name: more")
    s3.put_object(Bucket="configbucket", Key="audiences/more.yaml", Body=more.encode())
    s3.put_object(
        Bucket="configbucket", Key="audiences/gold.yaml", Body=GOLD.replace("0 6", "5 6").encode()
    )
    return key


@dataclass(frozen=True, slots=True)
class Durable:
    """A durable context that does everything at once, and notes whom it would call."""

    world: World
    execution_context: Any = field(
        default_factory=lambda: SimpleNamespace(durable_execution_arn="arn:execution/1")
    )

    def step(self, do: Callable[[Any], Any], name: str) -> Any:
        return do(None)

    def invoke(self, function: str, asked: Any, name: str) -> Any:
        self.world.seen["sync"].add(("lambda:InvokeFunction", function))
        return self.world.call(function.removesuffix("Function").lower(), asked)

    def wait(self, duration: Any) -> None:
        """Let no time pass."""


_WISHES: tuple[dict[str, Any], ...] = ({"to": "meta"}, {"to": "meta"}, {"to": "google"})


def _export(world: World, key: str) -> None:
    from functions.sync.run import run

    for number, body in enumerate(_WISHES):
        _drop(world, "profiles", f"external_id,email,tier\nD{number},d{number}@example.com,gold\n")
        headers = {"idempotency-key": str(number)}
        answer = _api(world, key, "POST", "/audiences/gold/exports", body, **headers)
        assert answer["statusCode"] == 202, answer
        id_ = json.loads(answer["body"])["id"]
        world.call("jobs", {"job": "export", "id": id_})
        wish = {"audience": "gold", "destination": body["to"], "export": id_, **body}
        wish.pop("to")
        with world.as_function("sync"):
            told = run(wish, Durable(world))  # type: ignore[arg-type]
        assert told["status"] == "done", told
        assert (
            json.loads(_api(world, key, "GET", f"/runs/{id_}")["body"])["status"] == told["status"]
        )
        for path in ("/runs", f"/runs/{told['run']}"):
            assert _api(world, key, "GET", path)["statusCode"] == 200
    world.call("jobs", event("schedule_sync"))


_SHOWN = (("/reports/contrast", "GET"), ("/audiences/gold/estimate", "POST"))
_NOBODY = "00000000-0000-4000-8000-000000000000"


def _ask(world: World, key: str) -> None:
    for path, method in (*_SHOWN, (f"/people/{_NOBODY}", "GET")):
        _api(world, key, method, path)
    for kind, id_ in (("estimate", "gold"), ("publish", "gold"), ("person", _NOBODY)):
        world.call("jobs", {"job": kind, "id": id_})
    for name in ("contrast", "decay"):
        world.call("jobs", {"job": "report", "id": name})
    for path, method in (*_SHOWN, ("/audiences", "GET")):
        _api(world, key, method, path)


def _sweep(world: World) -> None:
    s3 = boto3.client("s3")
    data = s3.get_object(Bucket="lakebucket", Key=_listed("sightings/")[0])["Body"].read()
    for key in (
        "sightings/expires_on=2020-01-01/x.00000.parquet",
        "links/expires_on=2020-01-01/x.00000.parquet",
        "rejects/day=2020-01-01/x.00000.parquet",
        "landing/source=crm/day=2020-01-01/x.csv",
        "outbox/20200101T000000-aaaaaaaaaa/plan.json",
        "outcomes/20200101T000000-aaaaaaaaaa/x.json",
        "runs/20200101T000000-aaaaaaaaaa.json",
        "exports/20200101T000000-aaaaaaaaaa.json",
        "people/run=20200101T000000-aaaaaaaaaa/0.parquet",
        "members/gold/run=20200101T000000-aaaaaaaaaa/0.parquet",
        "held/meta/gold/run=20200101T000000-aaaaaaaaaa/0.parquet",
        "live/gold/run=20200101T000000-aaaaaaaaaa/0.parquet",
        "profiles/source=crm/dead.00000.parquet",
        "events/month=2020-01/dead.00000.parquet",
        "match_keys/source=crm/dead.00000.parquet",
    ):
        s3.put_object(Bucket="lakebucket", Key=key, Body=data)
    s3.put_object(Bucket="lakebucket", Key="attempts/dead.json", Body=b'{"at": "2020-01-01"}')
    _let_platform_forget()
    world.call("forget", event("schedule_forget"))
    world.call("forget", event("schedule_forget"))


def _let_platform_forget() -> None:
    """Let what a platform holds be over, so that the state of it is written anew."""
    lake = _lake.workspace().lake
    held = snapshot.latest(lake, "held/meta/gold")
    assert held is not None
    rows = snapshot.dataset(lake, held, HELD).to_table().to_pylist()
    over = [row | {"forgets_at": row["sent_at"]} for row in rows]
    (batch,) = pa.Table.from_pylist(over, HELD).to_batches()
    snapshot.write(
        lake, held.table, HELD, [batch], run="20260101T000000-aaaaaaaaaa", after=held.number,
        about=held.about,
    )  # fmt: skip
