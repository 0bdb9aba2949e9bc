"""template.yaml as a test reads it: its resources, and what each role allows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[3]
FILE = ROOT / "template.yaml"
_SUB = re.compile(r"\$\{([\w:.]+)\}")
_ARN = re.compile(r"\.(Arn|Id)$")  # of a secret the Id is its ARN


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms: `!Ref X` reads as `{"Ref": "X"}`."""


def _short(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        return {name: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    return {name: loader.construct_mapping(node, deep=True)}  # type: ignore[arg-type]


_Loader.add_multi_constructor("!", _short)


@cache
def template(file: Path = FILE) -> dict[str, Any]:
    """Read a template."""
    loaded: dict[str, Any] = yaml.load(file.read_text("utf-8"), _Loader)  # noqa: S506 - safe, see it
    return loaded


def resources(kind: str) -> dict[str, dict[str, Any]]:
    """Return the properties of all resources of a type by logical id."""
    every = template()["Resources"].items()
    return {name: each.get("Properties", {}) for name, each in every if each["Type"] == kind}


def functions() -> dict[str, dict[str, Any]]:
    """Return the functions' properties by the folder of their code."""
    found = resources("AWS::Serverless::Function")
    return {each["Handler"].split(".")[1]: each for each in found.values()}


def plain(value: Any) -> str:
    """Write a resource as text: `LakeBucket/runs/*` for a part of what `LakeBucket` is."""
    if isinstance(value, str):
        text = value
    elif "Fn::Sub" in value:
        text = _SUB.sub(lambda match: _ARN.sub("", match[1]), str(value["Fn::Sub"]))
    else:
        text = str(value.get("Ref") or value["Fn::GetAtt"])
    return _ARN.sub("", text)


def allowed(function: str) -> set[tuple[str, str]]:
    """Return (action, resource) of everything that a function's role allows."""
    role = functions()[function]["Role"]["Fn::GetAtt"].partition(".")[0]
    beside = resources("AWS::IAM::Policy").values()
    found = [*resources("AWS::IAM::Role")[role]["Policies"]]
    return set(_statements(found + [p for p in beside if {"Ref": role} in p["Roles"]]))


def _statements(policies: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    for policy in policies:
        for statement in policy["PolicyDocument"]["Statement"]:
            assert statement["Effect"] == "Allow"
            for action in _list(statement["Action"]):
                for resource in _list(statement["Resource"]):
                    yield action, plain(resource)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
