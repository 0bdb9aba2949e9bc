"""YAML with places: loads a file that a person wrote and remembers the line of every value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml

from shared.errors import ConfigurationError, Fault

Path = tuple[str | int, ...]


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
    """Parse YAML safely, refusing duplicate keys.

    Raises:
        ConfigurationError: naming file and line, when it is not YAML or a key stands twice.

    """
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        fault = Fault(f"{file}:{line}", f"not YAML: {error.problem}", "check indents and quotes")
        raise ConfigurationError(fault) from error
    except yaml.YAMLError as error:
        raise ConfigurationError(Fault(f"{file}:1", "not YAML", "save it as UTF-8 text")) from error
    lines: dict[Path, int] = {(): 1}
    value = None if node is None else _value(node, (), lines, file)
    return Located(file, value, lines)


def _value(node: yaml.Node, path: Path, lines: dict[Path, int], file: str) -> Any:
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, lines, file)
    if isinstance(node, yaml.SequenceNode):
        return [_value(child, (*path, i), lines, file) for i, child in enumerate(node.value)]
    constructor = yaml.SafeLoader("")
    return constructor.construct_object(node)


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
