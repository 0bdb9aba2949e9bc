"""Puts: many files written at once, and no more held in memory than are on their way."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from shared.ports import Store

Put = Callable[[str, bytes], None]
_AT_ONCE = 8


@contextmanager
def putting(store: Store) -> Iterator[Put]:
    """Write files beside the making of the next ones; when the block is over all of them are there.

    What a file's writing raises is raised by a later call or at the end.
    """
    under_way: deque[Future[bool]] = deque()
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="puts") as pool:

        def put(key: str, data: bytes) -> None:
            while len(under_way) >= 2 * _AT_ONCE:
                under_way.popleft().result()
            under_way.append(pool.submit(store.put, key, data))

        try:
            yield put
            while under_way:
                under_way.popleft().result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
