"""Prints the exact bodies that the bridge sends, by platform and operation, as one JSON object.

It runs where the bridge is; the platforms' models that read them are elsewhere. The bodies are
those that the contract tests hold every platform to.
"""

from __future__ import annotations

import json

from audiences.platforms import MODULES, platform
from tests.contract.cases.case import case


def main() -> None:
    """Print them."""
    bodies = {
        slug: {
            op.value: wanted.body
            for op, wanted in case(slug).golden.items()
            if op in platform(slug).ops
        }
        for slug in MODULES
    }
    print(json.dumps(bodies))


if __name__ == "__main__":
    main()
