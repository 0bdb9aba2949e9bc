"""Prints the exact bodies that the bridge sends, by platform and operation, as one JSON object.

It runs where the bridge is; the platforms' models that read them are elsewhere. The bodies are
those that the contract tests hold every platform to.
"""

from __future__ import annotations

import json

from tests.contract.cases.case import NAMES, case, there


def main() -> None:
    """Print them."""
    bodies = {
        name: {
            op.value: wanted.body
            for op, wanted in case(name).golden.items()
            if op in there(name).ops
        }
        for name in NAMES
    }
    print(json.dumps(bodies))


if __name__ == "__main__":
    main()
