"""The template keeps its promises: what is stored is private, what is asked has its way."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from audiences.lake.layout import LOGS
from functions.api.app import application
from functions.collect.app import application as collector
from infra.lint import judged, policies
from shared.settings import Retention
from tests.infra.aws.template import ROOT, allowed, functions, plain, resources, template

BUCKETS = resources("AWS::S3::Bucket")


def rules() -> dict[str, dict[str, Any]]:
    found = BUCKETS["LakeBucket"]["LifecycleConfiguration"]["Rules"]
    return {rule.get("Prefix", ""): rule for rule in found}


@pytest.mark.parametrize("name", BUCKETS)
def test_a_bucket_is_encrypted_private_versioned_and_takes_tls_only(name: str) -> None:
    bucket = BUCKETS[name]
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    (policy,) = [
        each
        for each in resources("AWS::S3::BucketPolicy").values()
        if plain(each["Bucket"]) == name
    ]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert template()["Resources"][name]["DeletionPolicy"] == "Retain"


def test_every_queue_is_encrypted_and_the_calls_have_dead_letters() -> None:
    queues = resources("AWS::SQS::Queue")
    assert all(plain(queue["KmsMasterKeyId"]) == "Key" for queue in queues.values())
    redrive = queues["CallsQueue"]["RedrivePolicy"]
    assert plain(redrive["deadLetterTargetArn"]) == "CallsDeadLetters"
    (mapping,) = resources("AWS::Lambda::EventSourceMapping").values()
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    # SQS gives a batch to nobody else as long as a function may be at it.
    assert queues["CallsQueue"]["VisibilityTimeout"] >= functions()["ingest"]["Timeout"]


def test_small_state_ends_by_itself_and_can_be_brought_back() -> None:
    (table,) = resources("AWS::DynamoDB::Table").values()
    assert table["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}
    assert table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]
    assert plain(table["SSESpecification"]["KMSMasterKeyId"]) == "Key"


@pytest.mark.parametrize(
    ("prefix", "days"),
    [
        ("rejects/", LOGS["rejects"].keep_days),
        ("landing/", Retention().landing),
        *((f"{name}/", Retention().runs) for name in ("outbox", "outcomes", "runs", "exports")),
        ("sightings/", 90),
        ("uid2_map/", LOGS["uid2_map"].keep_days),
        ("uid2_asked/", LOGS["uid2_asked"].keep_days),
        ("links/expires_on=2", 90),
    ],
)
def test_the_broom_comes_a_day_or_two_after_the_sweep(prefix: str, days: int) -> None:
    rule = rules()[prefix]
    assert days < rule["ExpirationInDays"] <= days + 2
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1}


def test_what_is_kept_until_erased_has_no_age() -> None:
    for prefix, rule in rules().items():
        if "ExpirationInDays" in rule:
            for kept in ("profiles/x", "events/x", "match_keys/x", "links/expires_on=never/x",
                         "people/x", "held/x", "commits/x", "sends/_chain/x"):  # fmt: skip
                assert not kept.startswith(prefix)
                assert prefix
    assert "NoncurrentVersionExpiration" in rules()[""]


def paths(app: Any, found: list[tuple[str, str]]) -> None:
    """Find the routes of an application below what guards it."""
    for cell in getattr(app, "__closure__", None) or ():
        inner = cell.cell_contents
        if hasattr(inner, "openapi"):
            told = inner.openapi()["paths"].items()
            found += [(verb.upper(), path) for path, verbs in told for verb in verbs]
        elif hasattr(inner, "routes"):
            found += [(m, r.path) for r in inner.routes for m in (r.methods or ()) if m != "HEAD"]
        elif callable(inner):
            paths(inner, found)


@pytest.mark.parametrize("app", [application, collector])
def test_every_address_of_an_application_has_a_route_to_it(app: Any) -> None:
    found: list[tuple[str, str]] = []
    paths(app(None), found)
    assert len(found) > 5
    target = "ApiIntegration" if app is application else "CollectIntegration"
    routes = [
        (*each["RouteKey"].partition(" ")[::2], plain(each["Target"]))
        for each in resources("AWS::ApiGatewayV2::Route").values()
    ]
    own = {"/health", "/openapi.json"} if app is collector else set()
    for method, path in found:
        assert path in own or any(
            verb in (method, "ANY") and _covers(pattern, path) and to.endswith(target)
            for verb, pattern, to in routes
        ), f"{method} {path}"


def _covers(pattern: str, path: str) -> bool:
    expression = re.sub(r"\{\w+\}", "[^/]+", re.sub(r"\{\w+\+\}", ".+", pattern))
    return re.fullmatch(expression, path) is not None


def test_no_wildcard_stands_where_aws_needs_none() -> None:
    stars = {(action, r) for name in functions() for action, r in allowed(name) if r == "*"}
    assert {action for action, _ in stars} == {
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
        "scheduler:ListSchedules",
    }
    assert not [a for name in functions() for a, _ in allowed(name) if "*" in a]


def test_every_function_has_a_role_and_a_log_of_its_own() -> None:
    roles = [plain(each["Role"]) for each in functions().values()]
    logs = [plain(each["LoggingConfig"]["LogGroup"]) for each in functions().values()]
    assert len({*roles}) == len({*logs}) == len(functions()) == 10
    for group in resources("AWS::Logs::LogGroup").values():
        assert group["RetentionInDays"] == {"Ref": "LogDays"}
        assert plain(group["KmsKeyId"]) == "Key"
    assert template()["Globals"]["Function"]["Tracing"] == "Active"


def test_the_sync_is_durable_and_called_by_its_alias() -> None:
    sync = functions()["sync"]
    assert sync["DurableConfig"]["ExecutionTimeout"] > 6 * 3600
    assert sync["AutoPublishAlias"] == "live"
    jobs = functions()["jobs"]["Environment"]["Variables"]
    assert jobs["BRIDGE_SYNC"] == {"Ref": "SyncFunction.Alias"}


def needed(value: Any) -> Iterator[str]:
    """Yield the logical ids that a value refers to."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "Ref":
                yield str(inner).partition(".")[0]
            elif key == "Fn::GetAtt":
                yield (inner if isinstance(inner, str) else inner[0]).partition(".")[0]
            elif key == "Fn::Sub":
                yield from (
                    n.partition(".")[0] for n in re.findall(r"\$\{(\w[\w.]*)\}", str(inner))
                )
            else:
                yield from needed(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from needed(inner)


def test_no_resource_waits_for_itself() -> None:
    every = template()["Resources"]
    waits = {name: {*needed(each)} & {*every} for name, each in every.items()}
    done: set[str] = set()
    while ready := {name for name, on in waits.items() if name not in done and on <= done}:
        done |= ready
    assert {name: sorted(on - done) for name, on in waits.items() if name not in done} == {}


def test_every_alarm_has_its_chapter_in_the_runbook() -> None:
    watch = template(ROOT / "infra/template/watch.yaml")["Resources"]
    alarms = [name for name, each in watch.items() if each["Type"] == "AWS::CloudWatch::Alarm"]
    assert len(alarms) > 20
    text = (ROOT / "docs/runbook.md").read_text("utf-8")
    chapters = re.findall(r"^### `([^`]+)`", text, re.MULTILINE)
    missing = [
        a
        for a in alarms
        if not any(re.fullmatch(c.replace("*", "[A-Z][a-z]+"), a) for c in chapters)
    ]
    assert missing == []


def test_every_policy_is_checked_with_names_in_the_place_of_references() -> None:
    found = list(policies())
    kinds = ("AWS::IAM::Role", "AWS::IAM::Policy")
    assert {name for name, _ in found} == {name for kind in kinds for name in resources(kind)}
    named = [r for _, policy in found for each in policy["Statement"] for r in each["Resource"]]
    assert [name for name in named if name != "*" and ("${" in name or ":" not in name)] == []


def test_who_tells_of_runs_and_nobody_else_may_read_where_to() -> None:
    (policy,) = resources("AWS::IAM::Policy").values()
    told = {name for name, each in functions().items() if "NOTIFY" in str(each.get("Environment"))}
    roles = {plain(functions()[name]["Role"]) for name in told}
    assert roles == {role["Ref"] for role in policy["Roles"]} == {"SyncRole", "RefreshRole"}
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Action"] == "secretsmanager:GetSecretValue"
    assert plain(statement["Resource"]).endswith(":secret:NoticesSecret-??????")
    assert template()["Parameters"]["NoticesSecret"]["Default"] == ""


def test_exceptions_of_the_checks_have_reasons_and_none_is_spare() -> None:
    known = yaml.safe_load((ROOT / "infra/template/exceptions.yaml").read_text("utf-8"))
    assert all(len(each["why"]) > 40 and each["of"] for each in known.values())
    one = {"RULE": {"of": ["A"], "why": ""}}
    assert judged({("checkov", "RULE", "A")}, one) == []
    assert judged({("checkov", "RULE", "B")}, one) == [
        "checkov RULE: B",
        "no exception is needed: RULE: A",
    ]
    assert judged(set(), {"RULE": {"of": "all", "why": ""}}) == ["no exception is needed: RULE"]
