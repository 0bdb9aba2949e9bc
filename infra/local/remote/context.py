"""What every remote command takes: the stack, from the words before the command."""

from __future__ import annotations

from typing import Any

from infra.local.remote.api import Remote, connect


def stack(ctx: Any) -> Remote:
    """Open the stack that `bridge --remote URL --key REFERENCE` names."""
    words = ctx.find_root().params
    return connect(words["remote"], words["key"])
