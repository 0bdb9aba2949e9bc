"""Chapters of the story in which something has piled up, is missing, or has just changed."""

from __future__ import annotations

import hashlib
import json

import boto3
import pyarrow as pa

from audiences.flows.compact import AT_LEAST
from audiences.flows.untold import Untold
from audiences.lake.append import commit
from audiences.schemas import UID2_ASKED, UID2_MAP
from functions import _lake, _runtime
from shared.clock import Clock, day, iso
from shared.errors import RetryableError
from shared.notify import Late
from shared.ports import Notice, Notify
from tests.infra.aws.acts import die, drop, listed, synced
from tests.infra.aws.world import World, event

_PEOPLE = "external_id,email,tier\nZ1,z1@example.com,gold\n"


def compacted(world: World) -> None:
    """Let a refresh make one commit of many, after another that died at it; and read it, too."""
    lake, at = _lake.workspace().lake, Clock().now()
    for number in range(AT_LEAST):
        with commit(lake, f"{number:032x}", {"at": iso(at), "kind": "profiles"}) as out:
            said = {"identity": "uid2", "state": "unknown", "checked_at": at, "refresh_at": at}
            row = dict.fromkeys(UID2_MAP.names) | said | {"digest": bytes(32)}
            out.write("uid2_map", f"{day(at)}", pa.Table.from_pylist([row], UID2_MAP))
            asked = {name: row.get(name) for name in UID2_ASKED.names}
            out.write("uid2_asked", f"{day(at)}", pa.Table.from_pylist([asked], UID2_ASKED))
    tried = hashlib.sha256("|".join(sorted(lake.committed())).encode()).hexdigest()[:32]
    s3 = boto3.client("s3")
    s3.put_object(Bucket="lakebucket", Key=f"attempts/{tried}.json", Body=b'{"at": "2026-11-20"}')
    for table in ("events/month", "links/expires_on", "match_keys/source", "profiles/source"):
        s3.put_object(Bucket="lakebucket", Key=f"{table}=2026-01/{tried}.00009.parquet", Body=b"x")
    for table in ("rejects/day", "sightings/expires_on", "uid2_map/day", "uid2_asked/day"):
        key = f"{table}=2026-11-20/{tried}.00009.parquet"
        s3.put_object(Bucket="lakebucket", Key=key, Body=b"x")
    later = event("schedule_refresh") | {"scheduled": "2026-11-21T07:00:00Z"}
    world.call("refresh", later)
    assert listed("compactions/") == ["compactions/00000000.json"]
    assert not [key for key in listed("") if ".00009." in key]
    # What died is looked for among what a compaction took in, as well.
    drop(world, "profiles", _PEOPLE)
    die()
    drop(world, "profiles", _PEOPLE)


def lost_destination(world: World) -> None:
    """Let files of audiences and destinations be missing, also while their run is under way."""
    s3, key = boto3.client("s3"), "destinations/meta.yaml"
    text = s3.get_object(Bucket="configbucket", Key=key)["Body"].read()
    wish = {"audience": "gold", "destination": "meta"}
    drop(world, "profiles", _PEOPLE.replace("1", "2"))
    told = [synced(world, {**wish, "audience": "nobody"})]
    for when in ("plan", "send"):

        def lose(work: str, when: str = when) -> None:
            if work == when:
                s3.delete_object(Bucket="configbucket", Key=key)

        told.append(synced(world, wish, lose))
        s3.put_object(Bucket="configbucket", Key=key, Body=text)
    assert [(each["status"], each["code"]) for each in told] == [("failed", "configuration")] * 3
    assert synced(world, wish)["status"] == "done"


def rotated_token(world: World) -> None:
    """Let a platform give a new refresh token, which is kept in the destination's secret."""
    assert synced(world, {"audience": "gold", "destination": "pinterest"})["status"] == "done"
    kept = boto3.client("secretsmanager").get_secret_value(SecretId="ads/pinterest")
    assert json.loads(kept["SecretString"])["refresh_token"] != "sandbox"


def unheard(world: World) -> None:
    """Let a refresh tell of what nobody has heard; the webhook is not there, and that is all."""

    def nobody() -> Notify:
        raise RetryableError("nobody listens")

    notice = Notice(kind="failed", title="gold", text="it failed", next="look")
    Untold({"topic": Late(nobody)}, _runtime.key_value()).tell(notice, "unheard")
    world.call("refresh", event("schedule_refresh") | {"scheduled": "2026-11-21T08:00:00Z"})
