"""Bits of consent strings: web-safe base64 read from the left, a number at a time."""

from __future__ import annotations

from dataclasses import dataclass

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_VALUES = {character: number for number, character in enumerate(_ALPHABET)}


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
    value = 0
    for character in text:
        if character not in _VALUES:
            raise ValueError("not web-safe base64")
        value = value << 6 | _VALUES[character]
    return Bits(value, 6 * len(text))
