"""Meta as if it took nobody out of an audience: it must be made anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from audiences.platforms.base import Course, Op, Request
from audiences.platforms.meta import META as WHOLE


def closing(course: Course) -> Sequence[Request]:
    return [Request(method="DELETE", path=f"/{course.replaces}")] if course.replaces else []


META = replace(WHOLE, ops=frozenset({Op.ADD}), closing=closing, gone=frozenset({"100/33"}))
