"""Numbering plans over whole columns of digits: who may be accepted without asking one by one.

Every mask repeats a step of `phone` and `phone_plan` with the very patterns of libphonenumber's
metadata; RE2 reads them as Python does, leftmost alternative first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import pyarrow as pa
import pyarrow.compute as pc

from audiences.identifiers import phone_plan
from audiences.identifiers.phone_plan import Plan

_EXIT = re.compile("00")  # that the ITU recommends, for numbers of no known country
_MANY = 4  # plans of one code, beyond which those that need their leading digits are left out


def exits(region: str | None, digits: pa.Array) -> pa.Array:
    """Tell which numbers may begin with what is dialled there before a country code."""
    pattern = phone_plan.plan(region).exit if region else _EXIT
    if pattern is None:
        return pa.repeat(False, len(digits))
    if pattern.pattern.isdigit():
        return pc.starts_with(digits, pattern.pattern)
    return pc.match_substring_regex(digits, f"^(?:{pattern.pattern})(?:[1-9]|$)")


def exit_length(region: str | None) -> int:
    """Return how many digits are dialled there before a country code; 0 where that varies."""
    pattern = phone_plan.plan(region).exit if region else _EXIT
    return len(pattern.pattern) if pattern and pattern.pattern.isdigit() else 0


def candidates(
    calling: int, region: str | None, digits: pa.Array
) -> Iterator[tuple[pa.Array, int, Plan]]:
    """Yield masks of numbers, each with how many digits come off, and the plan that judges them.

    The digits are national ones of a region, or what follows a calling code (no region). A number
    is in one mask at most; it is accepted where what is left of it is `valid`.
    """
    main = phone_plan.plans(calling)[0]
    plan = phone_plan.plan(region) if region else main
    trunk = _trunk(plan, digits)
    if region:
        own = pc.starts_with(digits, str(calling))
        yield _with_code(calling, plan, digits, own), len(str(calling)), main
        trunk = pc.if_else(own, -1, trunk)
    yield pc.equal(trunk, 0), 0, plan
    # `viable` of without_trunk is false where what remains is general, as a valid number is.
    yield pc.equal(trunk, 1), 1, plan


def _with_code(calling: int, plan: Plan, digits: pa.Array, own: pa.Array) -> pa.Array:
    """Repeat `_national` where a number begins with its country code and no trunk prefix."""
    chosen = digits.filter(own)
    if not len(chosen):
        return own  # before a pattern is compiled for nothing
    main = phone_plan.plans(calling)[0]
    rest = pc.utf8_slice_codeunits(chosen, len(str(calling)))
    plainly = pc.equal(_trunk(plan, rest), 0)
    fits = pc.invert(_full(chosen, plan.general.pattern))
    if plan != main:  # else what is valid in the end fits the plan's general pattern
        plainly = pc.and_(plainly, pc.equal(_trunk(main, rest), 0))
        fits = pc.and_(fits, _full(rest, plan.general.pattern))
    usual = pa.array(sorted(plan.lengths | plan.local_lengths), pa.int32())
    size = pc.binary_length(chosen)
    longer = pc.and_(pc.greater(size, max(plan.lengths)), pc.invert(pc.is_in(size, usual)))
    return pc.replace_with_mask(own, own, pc.and_(plainly, pc.or_(longer, fits)))


def _trunk(plan: Plan, digits: pa.Array) -> pa.Array:
    """Return how many digits the trunk prefix takes: 0, 1, or -1 where that is not so simple."""
    if plan.trunk is None:
        return pa.repeat(0, len(digits))
    pattern = plan.trunk.pattern
    if pattern.isdigit():
        found = pc.starts_with(digits, pattern)
        return pc.if_else(found, len(pattern) if len(pattern) == 1 else -1, 0)
    ungrouped = pattern.replace("(", "(?:").replace("(?:?:", "(?:")  # Arrow wants names for all
    taken = pc.struct_field(pc.extract_regex(digits, f"^(?P<trunk>{ungrouped})"), "trunk")
    # One digit is never a rewritten number: those groups take two at least.
    one = pc.equal(pc.binary_length(taken), 1)
    return pc.fill_null(pc.if_else(one, 1, -1), 0)


def valid(calling: int, plan: Plan, numbers: pa.Array) -> pa.Array:
    """Tell which numbers are general in a plan and valid under its code."""
    size = pc.binary_length(numbers)
    sized = pc.is_in(size, pa.array(sorted(plan.lengths), pa.int32()))
    general = pc.and_(sized, _full(numbers, plan.general.pattern))
    (main, _), *others = _sharing(calling)
    found = _decided(main, "", numbers, size)
    for one, before in others:
        left = pc.invert(found)
        if pc.any(left).as_py():
            more = _decided(one, before, numbers.filter(left), size.filter(left))
            found = pc.replace_with_mask(found, left, more)
    return pc.and_(found, general)


def _decided(plan: Plan, before: str, numbers: pa.Array, size: pa.Array) -> pa.Array:
    """Tell which numbers a plan holds that it may speak for, as `is_valid` asks them in order."""
    here = _holds(plan, numbers, size)
    if before:
        here = pc.and_(here, pc.invert(pc.match_substring_regex(numbers, f"^(?:{before})")))
    if plan.leading is not None:
        led = pc.match_substring_regex(numbers, f"^(?:{plan.leading.pattern})")
        here = pc.and_(here, led)
    return here


@cache
def _sharing(calling: int) -> tuple[tuple[Plan, str], ...]:
    """Return the plans of a code that decide by kinds, and the leading digits of those before."""
    out: list[tuple[Plan, str]] = []
    before: list[str] = []
    plans = phone_plan.plans(calling)
    for one in plans:
        if not out or one.leading is None or len(plans) <= _MANY:
            out.append((one, "|".join(before)))
        if one.leading is not None:
            before.append(one.leading.pattern)
    return tuple(out)


def _holds(plan: Plan, numbers: pa.Array, size: pa.Array) -> pa.Array:
    """Repeat `Plan.holds`, each length by itself."""
    holds = pa.repeat(False, len(numbers))
    kinds, lengths = _kinds(plan), pc.unique(size).to_pylist()
    for length in lengths:
        if length in kinds and len(lengths) == 1:
            return _full(numbers, kinds[length])
        if length in kinds:
            there = pc.equal(size, length)
            holds = pc.replace_with_mask(holds, there, _full(numbers.filter(there), kinds[length]))
    return holds


@cache
def _kinds(plan: Plan) -> dict[int, str]:
    return {
        length: "|".join(kind.pattern for kind, lengths in plan.kinds if length in lengths)
        for length in sorted(plan.lengths)
        if any(length in lengths for _, lengths in plan.kinds)
    }


def _full(texts: pa.Array, pattern: str) -> pa.Array:
    return pc.match_substring_regex(texts, f"^(?:{pattern})$")
