"""Amazon over a whole run: records by job, one that it does not take is named, and who leaves."""

from __future__ import annotations

from dataclasses import replace

from tests.flow.sync_world import World, customers, sha

_DESTINATION = """\
name: amazon-main
platform: amazon
account: '580000000000000042'
credentials: sandbox
base_url: {url}/amazon
options: {{client_id: amzn1.application-oa2-client.1, country: DE}}
guard: {{max_removed_percent: 100, max_change_percent: 100000}}
"""


def test_records_without_consent_are_refused_by_name(world: World) -> None:
    world.put("destinations", "amazon-main", _DESTINATION.format(url=world.url))
    asked = customers(range(1, 4), ads="granted")
    unasked = customers([9])
    world.customers([*asked, *unasked])
    first = world.sync("amazon-main")
    assert (first.status, first.accepted, first.rejected, first.unknown) == ("done", 3, 1, 0)
    (there,) = world.platform_audiences("amazon")
    wanted = {f"{sha(one.mail)},{sha(one.phone[1:])}" for one in asked}
    assert set(world.look(f"state/amazon/{there}")["members"]) == wanted
    assert set(world.held_keys("amazon-main")) == wanted
    reasons = {row["reason"] for row in world.sends() if row["outcome"] == "rejected"}
    assert reasons == {"CONSENT_MISSING"}
    world.day = 1
    world.customers([replace(asked[0], tier="iron")])
    second = world.sync("amazon-main")
    assert (second.removes, second.unknown) == (1, 0)
    left = {f"{sha(one.mail)},{sha(one.phone[1:])}" for one in asked[1:]}
    assert set(world.look(f"state/amazon/{there}")["members"]) == left
    told = [one for one in world.requests("amazon") if one["path"].endswith("/records")]
    assert not any(one.id in str(call["body"]) for call in told for one in asked)
