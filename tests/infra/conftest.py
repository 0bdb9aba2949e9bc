"""What the tests of functions share."""

from __future__ import annotations

from tests.infra.stack import stack

__all__ = ["stack"]
