"""Bits of consent strings: web-safe base64 read from the left, a number at a time."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode
from dataclasses import dataclass

_TEXT = re.compile(r"[A-Za-z0-9_-]*")


@dataclass(slots=True)
class Bits:
    """The bits that were not taken yet: the lowest `left` of `value`."""

    value: int
    left: int

    def take(self, width: int) -> int:
        """Take the next `width` bits as a number.

        Raises:
            ValueError: when there are fewer.
        """
        if width > self.left:
            raise ValueError("the string ends too early")
        self.left -= width
        return (self.value >> self.left) & ((1 << width) - 1)

    def fibonacci(self) -> int:
        """Take a number of 1 or more in Fibonacci coding, which ends with two ones.

        Raises:
            ValueError: when it has no end.
        """
        total, before, term, last = 0, 1, 1, 0
        while True:
            bit = self.take(1)
            if bit and last:
                return total
            total, last = total + bit * term, bit
            before, term = term, before + term


def bits_of(text: str) -> Bits:
    """Read web-safe base64 whose characters are six bits each, of whatever number.

    Raises:
        ValueError: when it holds anything else.
    """
    if not _TEXT.fullmatch(text):
        raise ValueError("not web-safe base64")
    filled = -len(text) % 4  # the decoder takes fours alone
    value = int.from_bytes(urlsafe_b64decode(text + "A" * filled), "big")
    return Bits(value >> 6 * filled, 6 * len(text))
