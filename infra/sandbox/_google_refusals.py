"""How Google says no: a google.rpc status with its reason, and the fields that are at fault."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from infra.sandbox.call import RefusedError, Reply, unknown_fields

TYPE = "type.googleapis.com/google.rpc."


def refused(status: int, word: str, reason: str, field: str = "") -> RefusedError:
    """Return a refusal for one reason, which may lie in one field."""
    return RefusedError(fault(status, word, reason, {field: reason} if field else {}))


def refused_rows(places: Mapping[str, str]) -> RefusedError:
    """Return a refusal of members: the place of each, with its reason."""
    return RefusedError(fault(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", places))


def fault(status: int, word: str, reason: str, fields: Mapping[str, str] | None = None) -> Reply:
    """Return an error answer with the details that the API adds to every error."""
    details: list[dict[str, Any]] = [
        {"@type": TYPE + "ErrorInfo", "reason": reason, "domain": "datamanager.googleapis.com"},
        {"@type": TYPE + "RequestInfo", "requestId": "stand-in"},
    ]
    if fields:
        found = [
            {"field": field, "description": f"The field is at fault: {why}.", "reason": why}
            for field, why in fields.items()
        ]
        details.append({"@type": TYPE + "BadRequest", "fieldViolations": found})
    message = "There was a problem with the request." if status == 400 else word
    error = {"code": status, "message": message, "status": word, "details": details}
    return Reply(status=status, body={"error": error})


def check_fields(value: Mapping[str, Any], known: Iterable[str], place: str) -> None:
    """Refuse fields that the API does not have, as its JSON parser does."""
    if unknown := unknown_fields(value, known):
        raise refused(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", place + unknown[0])
