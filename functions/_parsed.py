"""Parses events into models with Powertools' parser; what it tells of a fault repeats no value."""

from __future__ import annotations

from typing import Any, TypeVar

from aws_lambda_powertools.utilities.parser import ValidationError, parse

from shared.errors import DataError

Model = TypeVar("Model")


def parsed(event: dict[str, Any], model: type[Model]) -> Model:
    """Return an event as a model.

    Raises:
        DataError: when it is none; it names fields.
    """
    try:
        return parse(event=event, model=model)
    except ValidationError as error:
        # The text of the error quotes what was sent.
        places = {".".join(map(str, fault["loc"])) or "event" for fault in error.errors()}
        raise DataError(f"the event cannot be read: look at {sorted(places)}") from None
