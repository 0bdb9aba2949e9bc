"""Audience and destination files of a deployed stack, read when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from shared.ports import Store

_ENDING = ".yaml"


@dataclass(frozen=True, slots=True)
class Texts(Mapping[str, str]):
    """The files of a store by name; nothing is kept, as a person may change one at any time."""

    store: Store

    def __getitem__(self, name: str) -> str:
        """Return the text of a file."""
        data = self.store.get(f"{name}{_ENDING}")
        if data is None:
            raise KeyError(name)
        return data.decode(errors="replace")

    def __iter__(self) -> Iterator[str]:
        """Yield the names of all files."""
        for file in self.store.list(""):
            if file.key.endswith(_ENDING):
                yield file.key.removesuffix(_ENDING)

    def __len__(self) -> int:
        """Count the files."""
        return sum(1 for _ in self)
