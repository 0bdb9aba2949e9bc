"""Said: what an operator said of digests, as rows of the table that keeps it."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from audiences import schemas
from audiences.destinations import Operator
from audiences.flows.workspace import Workspace
from audiences.identifiers.digest import identifier_key
from audiences.uid2.mapping import Mapped


def said_table(
    workspace: Workspace, operator: Operator, found: Iterable[Mapped], commit_id: str
) -> pa.Table:
    """Return rows of `uid2_map`, said now; the key of a raw id is the one that sightings have."""
    at = workspace.now()
    rows = [
        {
            "identity": operator.identity,
            "operator": operator.place,
            "digest": one.digest,
            "state": one.state,
            "key": identifier_key(workspace.secret, operator.identity, one.uid)
            if one.uid
            else None,
            "uid": one.uid,
            "previous": one.previous,
            "checked_at": at,
            "refresh_at": one.refresh_at,
            "ingest": commit_id,
        }
        for one in found
    ]
    return pa.Table.from_pylist(rows, schemas.UID2_MAP)
