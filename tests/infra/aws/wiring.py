"""What a function can come to import, by following its code through the one place that wires."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[3]
WIRING = "functions._runtime"
# These come by a name in a text, which no import shows.
BY_NAME = ("audiences.platforms",)
OURS = ("audiences", "functions", "shared")


@cache
def _graph() -> grimp.ImportGraph:
    graph = grimp.build_graph(
        *OURS, include_external_packages=True, cache_dir=None, exclude_type_checking_imports=True
    )
    for imported in graph.find_modules_directly_imported_by(WIRING):
        graph.remove_import(importer=WIRING, imported=imported)
    return graph


@cache
def _tree(module: str) -> ast.Module:
    path = ROOT / module.replace(".", "/")
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.parse(file.read_text("utf-8"))


def modules(function: str) -> set[str]:
    """Return the modules, ours and others', that a function may come to import."""
    graph = _graph()
    found = {WIRING, f"functions.{function}.handler"}
    while True:
        more = set(found)
        for module in found:
            more |= graph.find_upstream_modules(module) if module in graph.modules else set()
            more |= graph.find_descendants(module) if module in BY_NAME else set()
        used = {name for module in more if _is_ours(module) for name in _wired(module)}
        more |= set(_wired_imports(used))
        if more == found:
            return found
        found = more


def distributions(function: str) -> set[str]:
    """Return the packages of others that a function may come to import, by their own names."""
    names = packages_distributions()
    tops = {module.partition(".")[0] for module in modules(function) if not _is_ours(module)}
    return {names[top][0].lower().replace("_", "-") for top in tops if top in names}


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] in OURS


def _wired(module: str) -> Iterator[str]:
    """Yield the names of `_runtime` that a module uses."""
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "_runtime":
            yield node.attr


def _wired_imports(names: set[str]) -> Iterator[str]:
    """Yield what the wiring imports for these names: at its top, and in what they call of it."""
    tree = _tree(WIRING)
    defined = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    todo, done = list(names), set()
    bodies: list[ast.AST] = [n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)]
    while todo:
        name = todo.pop()
        if name in done or name not in defined:
            continue
        done.add(name)
        bodies.append(defined[name])
        todo += [node.id for node in ast.walk(defined[name]) if isinstance(node, ast.Name)]
    for body in bodies:
        for node in ast.walk(body):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield from (_named(node.module, alias.name) for alias in node.names)


def _named(module: str, name: str) -> str:
    """Tell a module that is imported from a package from a name in a module."""
    inner = f"{module}.{name}"
    return inner if inner in _graph().modules else module
