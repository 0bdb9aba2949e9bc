"""DuckDB's plan of a query for a terminal: a tree of steps, the last one to run on top."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.text import Text
from rich.tree import Tree

_ROWS = "Estimated Cardinality"


def plan_lines(root: Mapping[str, Any]) -> Tree:
    """Lay out a plan; where a step hands on to one other alone, that stands right below it."""
    tree = Tree(_label(root), guide_style="dim")
    _grow(tree, root)
    return tree


def _grow(tree: Tree, step: Mapping[str, Any]) -> None:
    children = list(step["children"])
    while len(children) == 1:  # a chain would else wander off to the right
        tree.add(_label(children[0]))
        children = list(children[0]["children"])
    for child in children:
        _grow(tree.add(_label(child)), child)


def _label(step: Mapping[str, Any]) -> Text:
    about = step.get("extra_info", {})
    rows = f"  ~{int(about[_ROWS]):,} rows" if _ROWS in about else ""
    name = step["name"].strip().replace("_", " ").capitalize()
    return Text.assemble((name, "bold"), (rows, "dim"), "  ", "; ".join(_facts(about)))


def _facts(about: Mapping[str, Any]) -> Iterator[str]:
    for name, value in about.items():
        if name not in (_ROWS, "Type"):
            yield f"{name.lower()} {', '.join(value) if isinstance(value, list) else value}"
