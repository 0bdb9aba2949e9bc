"""The story in which every function does all that it is for."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pyarrow as pa

from audiences.flows.access import create_key
from audiences.lake import snapshot
from audiences.schemas import HELD
from functions import _lake, _runtime
from shared.clock import Clock
from tests.infra.aws.acts import api, die, drop, http, listed, routed, synced
from tests.infra.aws.trouble import compacted, lost_destination, rotated_token, unheard
from tests.infra.aws.world import GOLD, World, event


def play(world: World) -> None:
    """Let every function do all that it is for."""
    _take_in(world)
    key = _define(world)
    for _ in range(2):
        world.call("refresh", event("schedule_refresh"))
    compacted(world)
    _export(world, key)
    # What closes a replacement asks first what became of all of it.
    told = synced(world, {"audience": "gold", "destination": "files", "mode": "replace"})
    assert told["status"] == "done", told
    told = world.call("deliver", event("schedule_probe"))
    statuses = {one["destination"]: one["status"] for one in told["destinations"]}
    # These have no call that changes nothing.
    assert {statuses.pop(name) for name in ("webhook", "ttd")} == {"unchecked"}
    assert {*statuses.values()} == {"ok"}, told
    for name, asked in (("plan", "ttd:uid2"), ("drop", "files")):
        told = world.call(name, event("schedule_probe"))
        found = [(one["destination"], one["status"]) for one in told["destinations"]]
        assert found == [(asked, "ok")], told
    lost_destination(world)
    rotated_token(world)
    unheard(world)
    _ask(world, key)
    _sweep(world)


def _take_in(world: World) -> None:
    for name in ("http_track", "http_pixel"):
        world.call("collect", event(name))
    out = http("http_pixel", "POST", "/v1/opt-out", "cookies", [f"bridge_id={'a' * 32}"])
    world.call("collect", out)
    world.call("collect", out | {"rawPath": "/v1/memberships"} | routed("GET", "/v1/memberships"))
    day = f"{Clock().now():%Y-%m-%d}"
    people = "".join(f"C{n},p{n}@example.com,gold,true\n" for n in range(9))
    files = {
        "profiles": f"external_id,email,tier,consent_ads\n{people},broken,,\n",
        "events": f"event_id,name,at,external_id,value\n1,order,{day},C1,5\n",
        "sightings": "id_type,id,seen_at,source,party,link_type,link_value\n"
        f"cookie,abc,{day},web,1,,\nuid2,{'r' * 43}=,{day},web,1,external_id,C1\n",
    }
    for kind, text in files.items():
        drop(world, kind, text)
    drop(world, "profiles", files["profiles"])
    batch = json.dumps(event("sqs_calls"))
    world.call("ingest", json.loads(batch))
    # What is known of the record by now is read, too.
    world.call("ingest", json.loads(batch.replace("m1", "m3").replace("m2", "m4")))
    die()
    for kind, text in files.items():
        drop(world, kind, text)


def _define(world: World) -> str:
    key = create_key(_runtime.key_value(), Clock(), "test", "admin")[1]
    for name in ("gold", "other"):
        text = GOLD.replace("name: gold", f"name: {name}")
        assert api(world, key, "PUT", f"/audiences/{name}", text)["statusCode"] == 201
    changed = GOLD.replace("name: gold", "name: other").replace("0 6", "0 7")
    assert (
        api(world, key, "PUT", "/audiences/other", changed, **{"if-match": "*"})["statusCode"]
        == 200
    )
    gone = api(world, key, "DELETE", "/audiences/other", **{"if-match": "*"})
    assert gone["statusCode"] == 204
    api(world, key, "GET", "/audiences")
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


# The last one is told people in clear, and lets go of what it was told.
_WISHES: tuple[dict[str, Any], ...] = (
    {"to": "meta"},
    {"to": "meta", "repair": True},
    *({"to": name} for name in ("google", "ttd", "webhook")),
)


def _export(world: World, key: str) -> None:
    for number, body in enumerate(_WISHES):
        drop(world, "profiles", f"external_id,email,tier\nD{number},d{number}@example.com,gold\n")
        headers = {"idempotency-key": str(number)}
        answer = api(world, key, "POST", "/audiences/gold/exports", body, **headers)
        assert answer["statusCode"] == 202, answer
        id_ = json.loads(answer["body"])["id"]
        world.call("jobs", {"job": "export", "id": id_})
        wish = {"audience": "gold", "destination": body["to"], "export": id_, **body}
        wish.pop("to")
        told = synced(world, wish)
        assert told["status"] == "done", told
        assert (
            json.loads(api(world, key, "GET", f"/runs/{id_}")["body"])["status"] == told["status"]
        )
        for path in ("/runs", f"/runs/{told['run']}"):
            assert api(world, key, "GET", path)["statusCode"] == 200
    world.call("jobs", event("schedule_sync"))


_SHOWN = (("/reports/contrast", "GET"), ("/audiences/gold/estimate", "POST"))
_NOBODY = "00000000-0000-4000-8000-000000000000"


def _ask(world: World, key: str) -> None:
    for path, method in (*_SHOWN, (f"/people/{_NOBODY}", "GET")):
        api(world, key, method, path)
    for kind, id_ in (("estimate", "gold"), ("publish", "gold"), ("person", _NOBODY)):
        world.call("jobs", {"job": kind, "id": id_})
    for name in ("contrast", "decay"):
        world.call("jobs", {"job": "report", "id": name})
    for path, method in (*_SHOWN, ("/audiences", "GET")):
        api(world, key, method, path)


def _sweep(world: World) -> None:
    s3 = boto3.client("s3")
    data = s3.get_object(Bucket="lakebucket", Key=listed("sightings/")[0])["Body"].read()
    for key in (
        "sightings/expires_on=2020-01-01/x.00000.parquet",
        "links/expires_on=2020-01-01/x.00000.parquet",
        "uid2_map/day=2020-01-01/x.00000.parquet",
        "uid2_asked/day=2020-01-01/x.00000.parquet",
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
