"""Deliver in Lambda: to platforms and back, by HTTP and into buckets."""

from __future__ import annotations

from functions import _delivery, _runtime, _work

handler = _delivery.delivering("deliver", _runtime.bench, lambda scheme: scheme != _work.SFTP)
