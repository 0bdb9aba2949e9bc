"""`python -m infra.bundle FUNCTION FOLDER`: what `sam build` calls for each function."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from infra.bundle.build import ROOT, build
from infra.bundle.plan import BUNDLES, MEGABYTE, logical_id
from shared.errors import BridgeError

CACHE = ROOT / "build" / "packages"


def main(words: list[str]) -> int:
    """Build one function's bundle for the architecture in BRIDGE_ARCH; return the exit code."""
    by_id = {logical_id(name): name for name in BUNDLES}
    if len(words) != 2 or words[0] not in by_id:
        sys.stderr.write(f"usage: python -m infra.bundle {'|'.join(sorted(by_id))} FOLDER\n")
        return 2
    arch = os.environ.get("BRIDGE_ARCH") or "arm64"
    try:
        size = build(by_id[words[0]], arch, Path(words[1]), CACHE)
    except BridgeError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    sys.stderr.write(f"{words[0]} {arch}: {size / MEGABYTE:.1f} MB\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
