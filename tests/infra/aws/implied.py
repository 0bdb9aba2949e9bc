"""What a role must allow for calls that AWS makes in a function's name, told by the template."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from tests.infra.aws.recorder import Need
from tests.infra.aws.template import functions, plain, resources

# Names in the world of the test, and what they are in the template.
_NAMED = {"lakebucket": "LakeBucket", "configbucket": "ConfigBucket", "inboxbucket": "InboxBucket"}
# By the call, what S3, SQS, SNS, DynamoDB and Secrets Manager do with the key of what they keep.
_KEY_FOR = {
    "s3:GetObject": ("kms:Decrypt",),
    "s3:PutObject": ("kms:GenerateDataKey", "kms:Decrypt"),  # parts of an upload are read, too
    "sqs:SendMessage": ("kms:GenerateDataKey", "kms:Decrypt"),
    "sqs:ReceiveMessage": ("kms:Decrypt",),
    "secretsmanager:GetSecretValue": ("kms:Decrypt",),
    "secretsmanager:PutSecretValue": ("kms:GenerateDataKey", "kms:Decrypt"),
    "sns:Publish": ("kms:GenerateDataKey", "kms:Decrypt"),
}
_TAKES = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")


def implied(function: str, seen: set[Need]) -> set[Need]:
    """Return what a function needs beside what its code was seen to call."""
    properties = functions()[function]
    own = {*_by_template(function, properties)}
    keyed = {(action, "Key") for call, _ in seen | own for action in _KEY_FOR.get(call, ())}
    if any(call.startswith("dynamodb:") for call, _ in seen):
        keyed.add(("kms:Decrypt", "Key"))
    return own | keyed


def _by_template(function: str, properties: dict[str, Any]) -> Iterator[Need]:
    logs = plain(properties["LoggingConfig"]["LogGroup"])
    yield from ((f"logs:{action}", logs) for action in ("CreateLogStream", "PutLogEvents"))
    yield from ((f"xray:{action}", "*") for action in ("PutTelemetryRecords", "PutTraceSegments"))
    yield "kms:Decrypt", "Key"  # of the environment
    id_ = f"{function.capitalize()}Function"
    for mapping in resources("AWS::Lambda::EventSourceMapping").values():
        if plain(mapping["FunctionName"]) == id_:
            yield from ((action, plain(mapping["EventSourceArn"])) for action in _TAKES)
    for config in resources("AWS::Lambda::EventInvokeConfig").values():
        if plain(config["FunctionName"]) == id_:
            yield "sqs:SendMessage", plain(config["DestinationConfig"]["OnFailure"]["Destination"])
    if "DurableConfig" in properties:
        for action in ("CheckpointDurableExecution", "GetDurableExecutionState"):
            yield f"lambda:{action}", _arn("lambda", f"function:AWS::StackName-{function}:*")
    if any(
        "SCHEDULE_ROLE" in name for name in properties.get("Environment", {}).get("Variables", ())
    ):
        yield "iam:PassRole", "ScheduleRole"  # a schedule is made with it


def _arn(service: str, rest: str) -> str:
    return f"arn:AWS::Partition:{service}:AWS::Region:AWS::AccountId:{rest}"


def in_template(need: Need) -> Need:
    """Write what was called as the template names it."""
    action, resource = need
    bucket, slash, key = resource.partition("/")
    if action.startswith("s3:"):
        return action, f"{_NAMED[bucket]}{slash}{key}"
    if action.startswith("scheduler:") and resource != "*":
        return action, _arn("scheduler", f"schedule/Schedules/{resource}")
    if action.startswith("secretsmanager:") and resource.startswith("ads/"):
        return action, _arn("secretsmanager", f"secret:CredentialsPrefix{resource[4:]}")
    if resource == "NoticesSecret":
        return action, _arn("secretsmanager", "secret:NoticesSecret-??????")
    return action, resource


def matches(need: Need, allowed: Need) -> bool:
    """Say whether what is allowed lets that through."""
    return need[0] == allowed[0] and (
        need[1] == allowed[1] or ("*" in allowed[1] and fnmatchcase(need[1], allowed[1]))
    )
