"""Compiled rules on real DuckDB pick the same members as the same rule read by naive Python."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audiences.rules.compile import compile_audience
from tests.unit.rules.naive import OWNERS, holds, universe
from tests.unit.rules.worlds import LEAVES, RULES, WORLDS

SLOW = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))


@SLOW
@given(world=WORLDS, rule=RULES, of=st.sampled_from(["people", "devices"]))
def test_sql_and_python_pick_the_same(lake, audience, world, rule, of):
    """Any rule over any small world picks exactly the members that its meaning names."""
    lake.fill(world)
    wanted = {m for m in universe(world, of) if holds(rule, m, world, of)}
    assert lake.members(audience(rule, of=of)) == wanted


@SLOW
@given(world=WORLDS, rule=LEAVES, of=st.sampled_from(["people", "devices"]))
def test_a_leaf_and_its_negation_share_the_universe(lake, audience, world, rule, of):
    """Everybody in reach is either in a leaf or in its negation, never in both."""
    lake.fill(world)
    everybody = universe(world, of)
    inside = lake.members(audience(rule, of=of))
    outside = lake.members(audience({"not": rule}, of=of))
    assert inside == {member for member in everybody if holds(rule, member, world, of)}
    assert outside == everybody - inside


@SLOW
@given(world=WORLDS, of=st.sampled_from(["people", "devices"]))
def test_suppressed_is_marked_not_dropped(lake, audience, as_of, world, of):
    """Who is in a suppressed audience, or said so in any record, comes out with the flag."""
    lake.fill(world)
    everybody = {"any": [{"member_of": "news"}, {"not": {"member_of": "news"}}]}
    compiled = compile_audience(audience(everybody, of=of, suppress=["do-not-contact"]), as_of)
    listed = {r["member"] for r in world["members_now"] if r["audience"] == "do-not-contact"}
    listed |= {r["person"] for r in world["profiles_now"] if r["do_not_contact"]}
    for row in lake.run(compiled):
        mine = {row["member"], OWNERS.get(row["member"])} - {None}
        assert row["suppressed"] is bool(mine & listed)
        assert row["held_out"] is False
    assert len(lake.run(compiled)) == len(universe(world, of))
