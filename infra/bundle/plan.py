"""Which function has which requirements, and how large what it runs may be."""

from __future__ import annotations

from dataclasses import dataclass

MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Bundle:
    """What one function is made of: `requirements/lambda-NAME.txt`, and a limit in megabytes."""

    requirements: str
    limit: int

    @property
    def file(self) -> str:
        """Name the requirement file, from the root of the repository."""
        return f"requirements/lambda-{self.requirements}.txt"


_LAKE = Bundle("lake", 200)
# By the folder of the function; the logical id in the template is `NameFunction`.
BUNDLES = {
    "api": Bundle("api", 45),
    "collect": Bundle("collect", 25),
    "deliver": Bundle("deliver", 25),
    "drop": Bundle("drop", 40),  # 35 where nothing strips libraries
    "forget": _LAKE,
    "ingest": _LAKE,
    "jobs": _LAKE,
    "plan": _LAKE,
    "refresh": _LAKE,
    "sync": Bundle("sync", 25),
}


def logical_id(name: str) -> str:
    """Name a function as the template does."""
    return f"{name.capitalize()}Function"
