"""Does what a schedule asks for once, however often its event is delivered (Powertools)."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)

from functions import _runtime

KEEP_SECONDS = 24 * 3600


@cache
def _layer() -> DynamoDBPersistenceLayer:
    table = _runtime.setting("BRIDGE_TABLE")
    return DynamoDBPersistenceLayer(table_name=table, key_attr="key", expiry_attr="ttl")


def once(do: Callable[..., dict[str, Any]], asked: dict[str, Any], context: Any) -> dict[str, Any]:
    """Call `do(asked=…)` and remember its answer by `asked`, or return the remembered answer."""
    config = IdempotencyConfig(expires_after_seconds=KEEP_SECONDS, lambda_context=context)
    marked: Callable[..., dict[str, Any]] = idempotent_function(
        do, data_keyword_argument="asked", persistence_store=_layer(), config=config
    )
    return marked(asked=asked)
