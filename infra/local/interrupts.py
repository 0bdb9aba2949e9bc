"""Ctrl-C: the first lets what is under way end, the second ends the process at once."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

INTERRUPTED = 130
_PATIENCE_SECONDS = 1.0
_SHOW_CURSOR = "\x1b[?25h"  # a progress display hides it
_WAITING = "stopping: what is under way ends first; Ctrl-C again stops at once\n"


@contextmanager
def noted_interrupts() -> Iterator[list[int]]:
    """Let Ctrl-C be noted in a list before it is raised, while the block runs.

    A run may end anywhere and goes on from there, so nothing is lost by the second.
    """
    noted: list[int] = []
    waiting = threading.Timer(_PATIENCE_SECONDS, sys.stderr.write, (_WAITING,))
    waiting.daemon = True

    def note(number: int, frame: FrameType | None) -> None:
        noted.append(number)
        if len(noted) > 1:
            sys.stderr.write(f"{_SHOW_CURSOR if sys.stderr.isatty() else ''}stopped\n")
            sys.stderr.flush()
            os._exit(INTERRUPTED)
        waiting.start()
        # What is torn in the midst of being made complains when it goes; nobody can act on that.
        sys.unraisablehook = _unheard
        signal.default_int_handler(number, frame)

    before, hook = signal.getsignal(signal.SIGINT), sys.unraisablehook
    if before is not signal.default_int_handler:  # somebody else minds it, or it is ignored
        yield noted
        return
    signal.signal(signal.SIGINT, note)
    try:
        yield noted
    finally:
        waiting.cancel()
        signal.signal(signal.SIGINT, before)
        sys.unraisablehook = hook


def _unheard(_: object) -> None:
    """Say nothing."""
