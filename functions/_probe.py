"""The daily probe: who refuses our credentials, or will soon; counted, and logged."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from shared.errors import DataError
from shared.log import log

if TYPE_CHECKING:
    from aws_lambda_powertools import Metrics

    from audiences.flows.probe import Probed

WORK = "probe"  # what a schedule asks of the functions that know credentials


def probed(
    metrics: Metrics, event: Mapping[str, Any], probe: Callable[[], Sequence[Probed]]
) -> dict[str, Any]:
    """Do the probe that a schedule asks for: count who wants a person, log whoever is not well.

    Raises:
        DataError: when the event asks for anything beside it.
    """
    from audiences.flows.probe import summary  # noqa: PLC0415 - no sync needs it

    if set(event) != {"work"}:
        raise DataError('a probe is asked for by {"work": "probe"} alone')
    found = probe()
    told = {**summary(found)}
    for name in ("refused", "ending"):
        metrics.add_metric(name=f"Credentials{name.title()}", unit="Count", value=told[name])
    for one in found:
        if one.status != "ok":
            log("probe", level="warning", destination=one.destination, outcome=one.status)
    return told
