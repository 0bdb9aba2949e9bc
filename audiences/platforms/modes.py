"""The modes in which a platform can be brought in step."""

from __future__ import annotations

from audiences.platforms.base import Op, Platform


def modes(platform: Platform) -> list[str]:
    """List the modes that a platform has.

    Who takes nobody out is told anew under a new id, which only a platform can give.
    """
    adds = Op.ADD in platform.ops
    mirrors = adds and (Op.REMOVE in platform.ops or platform.create is not None)
    able = {"mirror": mirrors, "add": adds, "replace": Op.REPLACE in platform.ops}
    return [name for name, has in able.items() if has]
