"""A bounded pool: many things done at once, and no more of them held in memory than are begun."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

from shared.ports import Store

Asked = TypeVar("Asked")
Made = TypeVar("Made")
Begin = Callable[[Callable[[], Any]], "Future[Any]"]
Put = Callable[[str, bytes], None]
_PUTS = 8


@contextmanager
def bounded(threads: int) -> Iterator[Begin]:
    """Give what begins work beside the caller's own; when the block is over all of it is done.

    Twice as much as there are threads is under way at most: to begin more waits for the oldest.
    What work raises is raised by a later beginning or at the end; then nothing more is begun.
    """
    under_way: deque[Future[Any]] = deque()
    with ThreadPoolExecutor(threads, thread_name_prefix="pool") as pool:

        def begin(work: Callable[[], Any]) -> Future[Any]:
            while len(under_way) >= 2 * threads:
                under_way.popleft().result()
            under_way.append(pool.submit(work))
            return under_way[-1]

        try:
            yield begin
            while under_way:
                under_way.popleft().result()
        except BaseException:
            pool.shutdown(cancel_futures=True)  # what is under way ends
            raise


def at_once(do: Callable[[Asked], Made], asked: Sequence[Asked], threads: int) -> list[Made]:
    """Do the same for many things, so many at once; return what came of each, in order."""
    if len(asked) < 2:
        return [do(one) for one in asked]
    with bounded(min(threads, len(asked))) as begin:
        begun = [begin(partial(do, one)) for one in asked]
    return [future.result() for future in begun]


@contextmanager
def putting(store: Store) -> Iterator[Put]:
    """Write files beside the making of the next ones; when the block is over all are there."""
    with bounded(_PUTS) as begin:

        def put(key: str, data: bytes) -> None:
            begin(partial(store.put, key, data))

        yield put
