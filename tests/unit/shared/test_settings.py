"""A workspace's settings: what they mean, and every fault at once with its line."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import toml
from shared.errors import ConfigurationError
from shared.settings import S3, Guard, Retention, Settings, load

LEAST = '[workspace]\nname = "shop"\nsecret = "file:.bridge/secret"\n'
REFERENCE = "must say where the secret is: file:PATH, env:NAME or secret://NAME"
TOO_LONG = (
    "must be a whole number from 1 to 90 days (no advertising id is kept longer than 90 days)"
)
FULL = """\
# A workspace.
[workspace]
name = "shop-vn"
lake = "s3://shop/lake/"
secret = "env:BRIDGE_SECRET"
default_country = "vn"

[s3]
endpoint = "http://localhost:9000"
region = "ap-southeast-1"

[resolve]
max_shared = 40

[collector]
write_keys = ["local", "web"]

[lifetimes]
cookie = 60
"partner:acme" = 14

[retention]
runs = 60

[guard]
max_removed_percent = 5

[log]
level = "info"
"""


def written(folder: Path, text: str) -> Path:
    (folder / "bridge.toml").write_text(text, encoding="utf-8")
    return folder


def faults(folder: Path, text: str, **options: object) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        load(written(folder, text), **options)  # type: ignore[arg-type]
    return [str(fault) for fault in caught.value.faults]


def test_the_least_file_has_defaults(tmp_path: Path) -> None:
    assert load(written(tmp_path, LEAST)) == Settings(
        folder=tmp_path.resolve(),
        name="shop",
        lake=(tmp_path.resolve() / "lake").as_uri(),
        secret="file:.bridge/secret",
    )


def test_every_setting_is_read(tmp_path: Path) -> None:
    assert load(written(tmp_path, FULL), id_types={"cookie", "partner"}) == Settings(
        folder=tmp_path.resolve(),
        name="shop-vn",
        lake="s3://shop/lake",
        secret="env:BRIDGE_SECRET",
        default_country="VN",
        max_shared=40,
        write_keys=("local", "web"),
        log_level="info",
        lifetimes={"cookie": 60, "partner:acme": 14},
        s3=S3("http://localhost:9000", "ap-southeast-1"),
        retention=Retention(runs=60),
        guard=Guard(max_removed_percent=5.0),
    )


@pytest.mark.parametrize("lake", ["data", "./data", "../elsewhere/data"])
def test_a_lake_folder_is_below_the_workspace(tmp_path: Path, lake: str) -> None:
    settings = load(written(tmp_path, LEAST + f'lake = "{lake}"\n'))
    assert settings.lake == (tmp_path / lake).resolve().as_uri()


def test_an_absolute_lake_stays_where_it_is(tmp_path: Path) -> None:
    elsewhere = tmp_path / "else where"
    for lake in (str(elsewhere), f"file://{elsewhere}"):
        assert load(written(tmp_path, LEAST + f'lake = "{lake}"\n')).lake == elsewhere.as_uri()


def test_all_faults_are_listed_in_order_with_their_lines(tmp_path: Path) -> None:
    text = """\
[workspace]
nmae = "shop"
secret = "hunter2"
default_country = "Vietnam"
[resolv]
max_shared = 3
[lifetimes]
cookie = 120
cokie = 3
[collector]
write_keys = "local"
"""
    assert faults(tmp_path, text, id_types=["cookie", "idfa"]) == [
        "bridge.toml:1: 'workspace.name' is missing",
        "bridge.toml:2: 'workspace.nmae' is unknown (did you mean 'name'?)",
        f"bridge.toml:3: 'workspace.secret' {REFERENCE}",
        "bridge.toml:4: 'workspace.default_country' must be two letters, such as \"VN\"",
        "bridge.toml:5: 'resolv' is unknown (did you mean 'resolve'?)",
        f"bridge.toml:8: 'lifetimes.cookie' {TOO_LONG}",
        "bridge.toml:9: 'lifetimes.cokie' is unknown (did you mean 'cookie'?)",
        "bridge.toml:11: 'collector.write_keys' must be a list of texts, such as [\"local\"]",
    ]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("[lifetimes]\ncookie = 0", "from 1 to 90"),
        ("[lifetimes]\ncookie = true", "from 1 to 90"),
        ("[lifetimes]\ncookie = 30.5", "from 1 to 90"),
        ("[retention]\nlanding = 365", "from 1 to 90"),
        ("[guard]\nmax_removed_percent = -1", "percent"),
        ("[s3]\nendpoint = 'localhost:9000'", "https://"),
        ("[log]\nlevel = 'loud'", "a level"),
        ("lake = 'ftp://x/y'", "file:// or s3://"),
        ("lake = ''", "file:// or s3://"),
    ],
)
def test_a_wrong_value_is_a_fault(tmp_path: Path, line: str, problem: str) -> None:
    (fault,) = faults(tmp_path, f"{LEAST}{line}\n")
    assert problem in fault
    assert fault.startswith(f"bridge.toml:{3 + len(line.splitlines())}: ")


def test_a_secret_in_clear_is_not_repeated(tmp_path: Path) -> None:
    text = '[workspace]\nname = "shop"\nsecret = "hunter2"\n[collector]\nwrite_keys = "hunter2"\n'
    assert "hunter2" not in "\n".join(faults(tmp_path, text))


def test_without_a_file_it_says_how_to_make_one(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(ConfigurationError, match="run: bridge init"):
            load(folder)


def test_a_table_must_be_a_table(tmp_path: Path) -> None:
    assert faults(tmp_path, f"resolve = 3\n{LEAST}") == [
        "bridge.toml:1: 'resolve' is a table (write [resolve])"
    ]


@pytest.mark.parametrize(
    ("text", "line"), [("[workspace]\nname = shop\n", 2), ("[workspace\n", 1), ('a = """\n\n', 2)]
)
def test_what_is_not_toml_names_the_line(tmp_path: Path, text: str, line: int) -> None:
    (fault,) = faults(tmp_path, text)
    assert fault.startswith(f"bridge.toml:{line}: not TOML")


def test_bytes_that_are_not_text_are_a_fault(tmp_path: Path) -> None:
    (tmp_path / "bridge.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigurationError, match="UTF-8"):
        load(tmp_path)


@given(st.text(max_size=200))
def test_any_text_loads_or_is_a_configuration_error(text: str) -> None:
    with contextlib.suppress(ConfigurationError):
        assert toml.load(text, "bridge.toml").file == "bridge.toml"
