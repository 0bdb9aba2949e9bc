"""Seals, opens and asks as the bridge does: one JSON object in, one out.

It runs where the bridge is; the operators' own client, which reads what it says, is elsewhere.
"""

from __future__ import annotations

import base64
import json
import sys
from datetime import UTC, datetime

from audiences.identifiers.packs import apply
from audiences.platforms.base import Batch, Op, Row, Target
from audiences.uid2.envelope import IV, NONCE, opened, sealed
from audiences.uid2.operator import UID2
from audiences.uid2.optouts import status_request

NOBODY = Target(account="", audience="", audience_id="")


def main() -> None:
    """Do what is asked for, and print it."""
    asked = {name: bytes.fromhex(text) for name, text in json.load(sys.stdin).items()}
    nonce = b"n" * NONCE
    made = {}
    if "body" in asked:
        at = datetime.now(UTC)
        made["sealed"] = sealed(asked["key"], asked["body"], at=at, nonce=nonce, iv=b"i" * IV)
        made["nonce"] = nonce
    if "envelope" in asked:
        made["opened"] = opened(asked["key"], asked["envelope"], nonce=asked["nonce"])
    if "emails" in asked:
        emails = asked["emails"].decode().splitlines()
        rows = [Row((("email_hash", str(apply("uid2", "email", one).sent)),)) for one in emails]
        made["request"] = UID2.request(Batch(op=Op.ADD, target=NOBODY, rows=rows)).body
    if "uids" in asked:
        made["request"] = status_request(asked["uids"].decode().splitlines()).body
    print(json.dumps({name: base64.b64encode(data).decode() for name, data in made.items()}))


if __name__ == "__main__":
    main()
