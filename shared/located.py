"""YAML with places: loads a file that a person wrote and remembers the line of every value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml

from shared.errors import ConfigurationError, Fault

Path = tuple[str | int, ...]
LONGEST_FILE = 200_000  # characters
MOST_VALUES = 20_000  # with every alias written out


@dataclass(frozen=True, slots=True)
class Located:
    """A loaded document with the line on which each value stands."""

    file: str
    value: Any
    lines: dict[Path, int]

    def where(self, *path: str | int) -> str:
        """Say `file:line` of the value at a path, or of its nearest known parent."""
        at: Path = path
        while at and at not in self.lines:
            at = at[:-1]
        return f"{self.file}:{self.lines.get(at, 1)}"


def load(text: str, file: str) -> Located:
    """Parse YAML safely, refusing duplicate keys and files that unfold without end.

    Raises:
        ConfigurationError: naming file and line, when it is not YAML, a key stands twice, or a
            value is none that YAML knows.

    """
    node = _compose(text, file)
    lines: dict[Path, int] = {(): 1}
    value = None if node is None else _value(node, (), lines, file)
    return Located(file, value, lines)


def _compose(text: str, file: str) -> yaml.Node | None:
    large = Fault(f"{file}:1", "the file holds too much", "split it into several files")
    if len(text) > LONGEST_FILE:
        raise ConfigurationError(large)
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        if _size(node, {}) > MOST_VALUES:
            raise ConfigurationError(large)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        fault = Fault(f"{file}:{line}", f"not YAML: {error.problem}", "check indents and quotes")
        raise ConfigurationError(fault) from None
    except yaml.YAMLError:
        raise ConfigurationError(Fault(f"{file}:1", "not YAML", "save it as UTF-8 text")) from None
    except RecursionError:
        raise ConfigurationError(large) from None
    return node


def _size(node: yaml.Node | None, sizes: dict[int, int]) -> int:
    """Count the values with every alias written out, without writing them out."""
    if node is None or id(node) in sizes:
        return sizes.get(id(node), 1)
    sizes[id(node)] = MOST_VALUES  # an alias inside its own anchor has no end
    children = [] if isinstance(node, yaml.ScalarNode) else list(node.value)
    flat = [n for child in children for n in (child if isinstance(child, tuple) else (child,))]
    sizes[id(node)] = 1 + sum(_size(child, sizes) for child in flat)
    return sizes[id(node)]


def _value(node: yaml.Node, path: Path, lines: dict[Path, int], file: str) -> Any:
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, lines, file)
    if isinstance(node, yaml.SequenceNode):
        return [_value(child, (*path, i), lines, file) for i, child in enumerate(node.value)]
    try:
        return yaml.SafeLoader("").construct_object(node)
    except (yaml.YAMLError, ValueError):  # not chained: its text quotes the value
        where = f"{file}:{node.start_mark.line + 1}"
        fault = Fault(where, "a value cannot be read as YAML", "check dates and tags, or quote it")
        raise ConfigurationError(fault) from None


def _mapping(
    node: yaml.MappingNode, path: Path, lines: dict[Path, int], file: str
) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = str(key_node.value)
        line = key_node.start_mark.line + 1
        if key in out:
            fault = Fault(f"{file}:{line}", f"'{key}' stands twice", "keep one of them")
            raise ConfigurationError(fault)
        lines[(*path, key)] = line
        out[key] = _value(value_node, (*path, key), lines, file)
    return out
