"""Jobs: carries out what the API asked for, where the lake is at hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from audiences.flows import exports, load, views
from audiences.flows.build import build
from audiences.flows.define import Defined
from audiences.flows.person import find_person
from audiences.flows.publish import publish
from audiences.flows.report import contrast_report, decay_report
from audiences.flows.resolve import resolve_people
from audiences.flows.sync import sync
from audiences.flows.workspace import Workspace
from shared.clock import iso
from shared.errors import BridgeError, DataError, RetryableError
from shared.log import log

REPORT = "report"
REPORTS: Mapping[str, Callable[[Workspace], Any]] = {
    "contrast": contrast_report,
    "decay": decay_report,
}


def carry_out(workspace: Workspace, kind: str, id_: str) -> str:
    """Do one job to its end and return its status; one that is over is not done again.

    Raises:
        RetryableError: when it must be tried again later; it is noted as waiting.
        DataError: when there is no such job.
    """
    if kind == REPORT and id_ in REPORTS:
        return _report(workspace, id_)
    if kind in _MADE:
        return _MADE[kind](workspace, id_)
    export = exports.find(workspace.lake.store, id_) if kind == exports.JOB else None
    if export is None:
        raise DataError("there is no such job")
    over = exports.is_over(workspace.kv, id_)
    return "already" if over else _export(workspace, export)


def _export(workspace: Workspace, export: exports.Export) -> str:
    began = iso(workspace.now())
    exports.note(workspace.kv, export.id, {"status": "running", "began": began})
    try:
        told = _synced(workspace, export)
    except RetryableError as error:
        exports.note(workspace.kv, export.id, {"status": "waiting", "detail": str(error)})
        raise
    except BridgeError as error:
        told = {"status": "failed", "code": error.code, "detail": str(error)}
    except Exception as error:  # noqa: BLE001 - who asked must hear of it, without what it holds
        log("crash", level="error", error=error)
        told = {"status": "failed", "code": "bug", "detail": "a fault of the bridge; see its log"}
    if told["status"] == "done":
        _publish(workspace, export.audience)
    _tell(workspace, export, told)
    ended = {"began": began, "ended": iso(workspace.now())}
    exports.note(workspace.kv, export.id, {**told, **ended})
    log("export", run=told.get("run"), outcome=told["status"])
    return str(told["status"])


def _tell(workspace: Workspace, export: exports.Export, told: Mapping[str, Any]) -> None:
    pair = {"audience": export.audience, "destination": export.to, "dry_run": export.dry_run}
    workspace.teller().tell_of({**pair, **told}, once="" if told.get("run") else export.id)


def _synced(workspace: Workspace, export: exports.Export) -> dict[str, Any]:
    report = sync(
        workspace,
        export.audience,
        export.to,
        mode=export.mode,
        dry_run=export.dry_run,
        approve=export.approve,
        repair=export.repair,
    )
    if report.status == "waiting":
        raise RetryableError("the platform is still at work on it")
    return report.as_json()


def _publish(workspace: Workspace, audience: str) -> None:
    try:
        publish(workspace, audience)
    except BridgeError as error:  # the platform has what it should; pages can wait
        log("not_published", level="warning", error=error, audience=audience)


def give_up(workspace: Workspace, kind: str, id_: str) -> None:
    """Note that a job was tried often enough."""
    if kind == exports.JOB:
        detail = "it was tried several times; ask again when what it waits for is there"
        told = {"status": "failed", "code": "retryable", "detail": detail}
        exports.note(workspace.kv, id_, told)
        export = exports.find(workspace.lake.store, id_)
        if export is not None:
            _tell(workspace, export, told)


def _report(workspace: Workspace, name: str) -> str:
    try:
        told: dict[str, Any] = {"report": REPORTS[name](workspace).as_json()}
    except BridgeError as error:
        told = {"error": str(error)}
    told |= {"at": iso(workspace.now())}
    workspace.lake.write_json(f"reports/{name}.json", told)
    return "done"


def _estimate(workspace: Workspace, name: str) -> str:
    try:
        load.audience(workspace, name)
        text = workspace.audiences[name]
        resolve_people(workspace)
        built = build(workspace, name)
        told: dict[str, Any] = {"tag": Defined(name, text).tag, **built.as_json()}
    except BridgeError as error:
        tag = Defined(name, workspace.audiences.get(name, "")).tag
        told = {"tag": tag, "error": str(error)}
    views.keep_estimate(workspace.lake.store, workspace.clock, name, told)
    return "done"


def _person(workspace: Workspace, id_: str) -> str:
    try:
        told = find_person(workspace, person=id_).as_json()
    except DataError:
        told = {"unknown": True}
    views.keep_person(workspace.kv, id_, told)
    return "done"


def _published(workspace: Workspace, name: str) -> str:
    publish(workspace, name)
    return "done"


_MADE: Mapping[str, Callable[[Workspace, str], str]] = {
    views.ESTIMATE: _estimate,
    views.PERSON: _person,
    "publish": _published,
}
