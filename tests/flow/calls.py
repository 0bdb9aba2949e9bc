"""Tracking calls as the collector queues them, for the tests of what becomes of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from audiences.flows.collect import Collector, Sender, collect, read_write_keys
from audiences.flows.queued import Delivered
from audiences.flows.workspace import Workspace
from tests.fakes import MemoryKeyValue, MemoryQueue

Call = tuple[str, dict[str, Any]]


def queued(workspace: Workspace, calls: Sequence[Call], **sender: Any) -> list[Delivered]:
    """Return calls as the collector queues them."""
    queue = MemoryQueue()
    collector = Collector(
        queue=queue,
        kv=MemoryKeyValue(workspace.clock),
        clock=workspace.clock,
        secret=workspace.secret,
        write_keys=read_write_keys(["k"]),
    )
    collect(collector, Sender(**{"source": "web", **sender}), calls)
    return [Delivered(f"message-{n}", body) for n, body in enumerate(queue.bodies)]


def track(number: int, **more: Any) -> Call:
    """Make one call of its own."""
    call = {"userId": f"u{number}", "event": "Order Completed", "messageId": f"m{number}"}
    return "track", call | more
