"""Roles of a deployed stack: with the names that MiniStack asks for, or without a permission."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.aws.local import Local

# AWS has no action for ten messages at once.
_ALSO = {"sqs:SendMessage": ["sqs:SendMessage", "sqs:SendMessageBatch"]}


def rename(local: Local) -> None:
    """Let roles say what MiniStack asks for by other names than AWS; it is no more that they allow.

    A schedule's group stands in its ARN; MiniStack takes every one for the group `default`.
    """
    group = f":schedule/{local.stack}/"
    for role in _names(local):
        for statement in _changing(local, role):
            statement["Action"] = _ALSO.get(str(statement["Action"]), statement["Action"])
            resource = statement["Resource"]
            if group in str(resource):
                statement["Resource"] = [resource, resource.replace(group, ":schedule/default/")]


@contextmanager
def without(local: Local, role: str, action: str) -> Iterator[None]:
    """Take an action away from the role of a logical name, and give it back."""
    (name,) = [each for each in _names(local) if each.startswith(f"{local.stack}-{role}-")]
    taken = 0
    with _kept(local, name):
        for statement in _changing(local, name):
            actions = _list(statement["Action"])
            left = [each for each in actions if each not in _list(_ALSO.get(action, action))]
            taken += len(actions) - len(left)
            statement["Action"] = left or "none:None"
        assert taken, f"{role} has no {action}"
        yield


def allows(local: Local, role: str, action: str, resource: str) -> bool:
    """Ask MiniStack's IAM whether a role may do something."""
    (name,) = [each for each in _names(local) if each.startswith(f"{local.stack}-{role}-")]
    iam = local.client("iam")
    told = iam.simulate_principal_policy(
        PolicySourceArn=iam.get_role(RoleName=name)["Role"]["Arn"],
        ActionNames=[action],
        ResourceArns=[resource],
    )
    return {each["EvalDecision"] for each in told["EvaluationResults"]} == {"allowed"}


@contextmanager
def _kept(local: Local, role: str) -> Iterator[None]:
    """Give a role its policies back as they were."""
    iam = local.client("iam")
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    before = {
        name: iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        for name in names
    }
    try:
        yield
    finally:
        for name, document in before.items():
            iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))


def _changing(local: Local, role: str) -> Iterator[dict[str, Any]]:
    """Yield the statements of a role; what is changed of them is written."""
    iam = local.client("iam")
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        yield from document["Statement"]
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))


def _names(local: Local) -> list[str]:
    pages = local.client("iam").get_paginator("list_roles").paginate()
    return [role["RoleName"] for page in pages for role in page["Roles"]]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
