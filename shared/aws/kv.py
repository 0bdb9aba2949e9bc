"""Small mutable state in a DynamoDB table whose key is `key` and whose TTL attribute is `ttl`."""

from __future__ import annotations

import math
import secrets
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError

from shared.aws.clients import open_client
from shared.aws.errors import asking, code
from shared.clock import Clock

_NAMES = {"#key": "key", "#value": "value", "#expires_at": "expires_at"}
_FREE = "attribute_not_exists(#key) OR #expires_at <= :now"
_LIVE = "attribute_exists(#key) AND (attribute_not_exists(#expires_at) OR #expires_at > :now)"
_LOST = "ConditionalCheckFailedException"


def connect(table: str, clock: Clock, region: str | None = None) -> DynamoKeyValue:
    """Open a table with credentials from where AWS's tools look for them."""
    config = Config(retries={"mode": "standard", "total_max_attempts": 5})
    client = open_client("dynamodb", f"table {table}", region_name=region, config=config)
    return DynamoKeyValue(table, client, clock)


class DynamoKeyValue:
    """Keeps text by key until it expires; DynamoDB's own sweep comes later and is only the broom.

    `expires_at` is the exact instant that reads go by; `ttl` is the whole second after it, as the
    sweep takes no fractions.
    """

    def __init__(self, table: str, client: Any, clock: Clock) -> None:
        self._table = table
        self._client = client
        self._clock = clock

    def get(self, key: str) -> str | None:
        """Return a live value, never one that has expired."""
        answer = self._call("get_item", Key=_key(key), ConsistentRead=True)
        item = answer.get("Item")
        if item is None or not self._is_live(item):
            return None
        return str(item["value"]["S"])

    def put(
        self,
        key: str,
        value: str,
        *,
        ttl_seconds: int | None = None,
        if_absent: bool = False,
        if_value: str | None = None,
    ) -> bool:
        """Set a value; with `if_absent`, return False when a live one exists.

        With `if_value` it takes the place of just that live one, else return False.
        """
        by = secrets.token_hex(8)
        item: dict[str, Any] = {**_key(key), "value": {"S": value}, "by": {"S": by}}
        if ttl_seconds is not None:
            at = self._now() + ttl_seconds
            item |= {"expires_at": {"N": str(at)}, "ttl": {"N": str(math.ceil(at))}}
        if not if_absent and if_value is None:
            self._call("put_item", Item=item)
            return True
        same = f"{_LIVE} AND #value = :value"
        held = (
            self._try("put_item", _FREE, Item=item)
            if if_value is None
            else self._try("put_item", same, {":value": {"S": if_value}}, Item=item)
        )
        # A put that was sent twice, because its first answer got lost, finds itself there.
        return held is None or held.get("by") == {"S": by}

    def delete(self, key: str, *, if_value: str | None = None) -> bool:
        """Remove a value, or only when it equals `if_value`; return whether it was removed."""
        condition, values = _LIVE, {}
        if if_value is not None:
            condition, values = f"{_LIVE} AND #value = :value", {":value": {"S": if_value}}
        return self._try("delete_item", condition, values, Key=_key(key)) is None

    def _try(
        self,
        operation: str,
        condition: str,
        values: Mapping[str, Any] | None = None,
        **arguments: Any,
    ) -> Mapping[str, Any] | None:
        """Write on a condition; return None when it held, else the item that stood in the way."""
        used = {name: text for name, text in _NAMES.items() if name in condition}
        given = {":now": {"N": str(self._now())}, **(values or {})}
        with asking(f"table {self._table}"):
            try:
                self._send(
                    operation,
                    ConditionExpression=condition,
                    ExpressionAttributeNames=used,
                    ExpressionAttributeValues=given,
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                    **arguments,
                )
            except ClientError as error:
                if code(error) != _LOST:
                    raise
                item: Mapping[str, Any] = error.response.get("Item", {})
                return item
        return None

    def _call(self, operation: str, **arguments: Any) -> Mapping[str, Any]:
        with asking(f"table {self._table}"):
            return self._send(operation, **arguments)

    def _send(self, operation: str, **arguments: Any) -> Mapping[str, Any]:
        answer: Mapping[str, Any] = getattr(self._client, operation)(
            TableName=self._table, **arguments
        )
        return answer

    def _is_live(self, item: Mapping[str, Any]) -> bool:
        expires_at = item.get("expires_at")
        return expires_at is None or Decimal(expires_at["N"]) > self._now()

    def _now(self) -> Decimal:
        return Decimal(f"{self._clock.now().timestamp():.6f}")


def _key(key: str) -> dict[str, Any]:
    return {"key": {"S": key}}
