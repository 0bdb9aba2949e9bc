"""What tests of a deployed stack do to it: drop files, ask for exports, look at platforms."""

from __future__ import annotations

import itertools
import json
import urllib.request
from typing import Any

from shared.aws.kv import DynamoKeyValue
from shared.clock import Clock
from tests.aws.local import Local, until
from tests.aws.reading import rows

_NUMBERS = itertools.count()
VIPS = """\
name: vips
where: {profile: {field: attributes.tier, is: vip}}
sync:
  - {to: meta-main, schedule: "rate(1 day)"}
  - {to: google-main}
"""
PLACE = """\
name: {name}-main
platform: {name}
account: {account}
credentials: secret://ads/meta-main
base_url: %s/{name}
guard: {{max_removed_percent: 100, max_change_percent: 100000}}
"""
DESTINATIONS = {
    f"{name}-main": PLACE.format(name=name, account=account)
    for name, account in (("meta", "act_12"), ("google", '"34"'))
}
UNDER_WAY = ("queued", "running", "waiting")


def small_state(local: Local) -> DynamoKeyValue:
    """Open the stack's table of small state."""
    return DynamoKeyValue(local.outputs["State"], local.client("dynamodb"), Clock())


def bearer(key: str) -> dict[str, str]:
    """Return the header with a key to the API."""
    return {"Authorization": f"Bearer {key}"}


def drop(local: Local, kind: str, text: str) -> str:
    """Put a CSV file into the inbox, and return its key."""
    name = f"inbox/{kind}/crm/{next(_NUMBERS)}.csv"
    local.client("s3").put_object(Bucket=local.bucket("Inbox"), Key=name, Body=text.encode())
    return name


def people(local: Local, numbers: range) -> None:
    """Drop a file of people who are in the audience, and wait until they are in the lake."""
    lines = "".join(f"V{number},v{number}@example.com,vip\n" for number in numbers)
    drop(local, "profiles", f"external_id,email,tier\n{lines}")
    last = f"V{numbers[-1]}"
    until(lambda: any(row["external_id"] == last for row in rows(local, "profiles")))


def exported(local: Local, key: str, to: str, name: str, audience: str = "vips") -> dict[str, Any]:
    """Ask for an export over HTTP, and return the run when it has ended."""
    asked = {"Idempotency-Key": name, **bearer(key)}
    status, told = local.http("POST", f"/audiences/{audience}/exports", {"to": to}, **asked)
    assert status == 202, told
    shown = lambda: local.http("GET", f"/runs/{told['id']}", **bearer(key))[1]  # noqa: E731
    ended: dict[str, Any] = until(
        lambda: (run := shown())["status"] not in UNDER_WAY and run, 900, every=1.5
    )
    return ended


def held(url: str, platform: str) -> list[int]:
    """Count the members of each audience that a stand-in holds."""
    with urllib.request.urlopen(f"{url}/_sandbox/state", timeout=20) as answer:  # noqa: S310
        return [each["count"] for each in json.loads(answer.read()).get(platform, {}).values()]
