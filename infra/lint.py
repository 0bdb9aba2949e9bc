"""Checks the template and every policy in it: cfn-lint, checkov and parliament, with exceptions.

`python -m infra.lint FOLDER` runs the tools of a folder. What is not mended stands in
`infra/template/exceptions.yaml` with its reason; an exception that nothing needs is a fault too.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
TEMPLATES = ("template.yaml", "infra/template/catalog.yaml", "infra/template/watch.yaml")
EXCEPTIONS = ROOT / "infra" / "template" / "exceptions.yaml"
_ACCOUNT = {
    "Partition": "aws",
    "Region": "eu-west-1",
    "AccountId": "123456789012",
    "StackName": "s",
}
Found = set[tuple[str, str, str]]  # tool, rule, resource


class Short(yaml.SafeLoader):
    """YAML with CloudFormation's short forms, all of which are read as plain values."""


def _short(loader: Short, _: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]


Short.add_multi_constructor("!", _short)


def _run(*command: str | Path) -> str:
    environment = {**os.environ, "AWS_DEFAULT_REGION": _ACCOUNT["Region"]}
    done = subprocess.run(  # noqa: S603 - our own tools
        list(map(str, command)),
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if not done.stdout and done.returncode:
        sys.stderr.write(done.stderr)
    return done.stdout


def cfn_lint(tools: Path) -> Iterator[tuple[str, str, str]]:
    """Yield what cfn-lint finds."""
    for each in json.loads(_run(tools / "cfn-lint", "--format", "json", *TEMPLATES) or "[]"):
        path = each["Location"].get("Path") or [""]
        yield "cfn-lint", each["Rule"]["Id"], str(path[1] if len(path) > 1 else path[0])


def checkov(tools: Path) -> Iterator[tuple[str, str, str]]:
    """Yield what checkov finds."""
    words = [word for template in TEMPLATES for word in ("-f", template)]
    told = json.loads(_run(tools / "checkov", *words, "--skip-download", "--quiet", "-o", "json"))
    for each in told if isinstance(told, list) else [told]:
        if each.get("results", {}).get("parsing_errors"):
            raise SystemExit(f"checkov cannot read {each['results']['parsing_errors']}")
        for failed in each.get("results", {}).get("failed_checks", ()):
            yield "checkov", failed["check_id"], failed["resource"].rpartition(".")[2]


def parliament(tools: Path) -> Iterator[tuple[str, str, str]]:
    """Yield what parliament finds in the policies of roles."""
    for role, policy in policies():
        out = _run(tools / "parliament", "--json", "--string", json.dumps(policy))
        for line in filter(None, out.splitlines()):
            yield "parliament", json.loads(line)["issue"], role


def policies() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield every policy of roles, with names that stand for what is not known before it runs."""
    template = yaml.load((ROOT / TEMPLATES[0]).read_text("utf-8"), Short)  # noqa: S506 - safe
    kinds = {name: each["Type"] for name, each in template["Resources"].items()}
    for role, resource in template["Resources"].items():
        own = resource.get("Properties", {})
        found = {"AWS::IAM::Role": own.get("Policies", ()), "AWS::IAM::Policy": (own,)}
        for policy in found.get(resource["Type"], ()):
            document = policy["PolicyDocument"]
            statements = [
                {**each, "Resource": [_arn(r, kinds) for r in _list(each["Resource"])]}
                for each in document["Statement"]
            ]
            yield role, {**document, "Statement": statements}


_ARNS = {
    "AWS::S3::Bucket": "arn:aws:s3:::{}",
    "AWS::SQS::Queue": "arn:aws:sqs:eu-west-1:123456789012:{}",
    "AWS::SNS::Topic": "arn:aws:sns:eu-west-1:123456789012:{}",
    "AWS::DynamoDB::Table": "arn:aws:dynamodb:eu-west-1:123456789012:table/{}",
    "AWS::KMS::Key": "arn:aws:kms:eu-west-1:123456789012:key/12345678-1234-1234-1234-123456789012",
    "AWS::Logs::LogGroup": "arn:aws:logs:eu-west-1:123456789012:log-group:{}:*",
    "AWS::SecretsManager::Secret": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:{}-a1b2c3",
    "AWS::Serverless::Function": "arn:aws:lambda:eu-west-1:123456789012:function:{}",
    "AWS::IAM::Role": "arn:aws:iam::123456789012:role/{}",
}


def _arn(resource: str, kinds: Mapping[str, str]) -> str:
    for name, value in _ACCOUNT.items():
        resource = resource.replace(f"${{AWS::{name}}}", value)
    plain = resource.removesuffix(".Arn").removesuffix(".Id")  # of a secret the Id is its ARN
    if plain in kinds:
        return _ARNS[kinds[plain]].format(plain.lower())
    for name, kind in kinds.items():
        arn = _ARNS.get(kind, "{}").format(name.lower())
        resource = resource.replace(f"${{{name}.Arn}}", arn).replace(f"${{{name}}}", name.lower())
    return resource.replace("${CredentialsPrefix}", "ads/").replace("${NoticesSecret}", "notices")


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def judged(found: Found, exceptions: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Say what is found and not excepted, and which exceptions nothing needs."""
    told, used = [], set()
    for tool, rule, resource in sorted(found):
        known = exceptions.get(rule, {})
        if resource in known.get("of", ()) or known.get("of") == "all":
            used.add((rule, resource))
        else:
            told.append(f"{tool} {rule}: {resource}")
    for rule, known in exceptions.items():
        names = [] if known["of"] == "all" else known["of"]
        told += [f"no exception is needed: {rule}: {n}" for n in names if (rule, n) not in used]
        if known["of"] == "all" and not any(r == rule for r, _ in used):
            told.append(f"no exception is needed: {rule}")
    return told


def main(words: list[str]) -> int:
    """Run the tools of a folder and say what is wrong; return the exit code."""
    tools = Path(words[0]).absolute()
    found = {*cfn_lint(tools), *checkov(tools), *parliament(tools)}
    told = judged(found, yaml.safe_load(EXCEPTIONS.read_text("utf-8")))
    sys.stdout.write(
        "".join(f"{line}\n" for line in told) or "The template and its policies hold.\n"
    )
    return int(bool(told))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
