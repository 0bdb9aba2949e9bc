"""Drop in Lambda: files onto SFTP servers, and nowhere else."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from functions import _delivery, _runtime, _work
from shared.transports import Transports

if TYPE_CHECKING:
    from audiences.flows.bench import Bench
    from shared.ports import Http


@cache
def _bench() -> Bench:
    return _runtime.bench_over(Transports({_work.SFTP: _sftp}))


def _sftp() -> Http:
    from shared.sftp import SftpDrop  # noqa: PLC0415 - its client is most of a start

    return SftpDrop()


handler = _delivery.delivering("drop", _bench, lambda scheme: scheme == _work.SFTP)
