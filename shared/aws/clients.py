"""Clients of AWS, each with a session of its own, over descriptions of services that are read once.

A session reads and parses what describes the services, the regions and the ways to try again;
that is three quarters of what a client takes to make, and a function makes up to six at its start.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import botocore.loaders
import botocore.session
from botocore.exceptions import BotoCoreError

from shared.aws.errors import told


def open_client(service: str, place: str, **how: Any) -> Any:
    """Make a client with credentials from where AWS's tools look for them now.

    Raises:
        BridgeError: when AWS's settings are wrong; it names the `place` the client is for.
    """
    try:
        return _made(service, how)
    except (BotoCoreError, ValueError) as error:
        raise told(error, place) from error


def _made(service: str, how: Mapping[str, Any]) -> Any:
    session = botocore.session.get_session()
    loader = _loader(session.get_config_variable("data_path"))
    session.register_component("data_loader", loader)
    if service != "s3":
        return session.create_client(service, **how)
    import boto3  # noqa: PLC0415 - its client of S3 can move whole files; others need none of it

    made = boto3.session.Session(botocore_session=session)
    # Each of boto3's sessions adds its own folder.
    loader.search_paths[:] = dict.fromkeys(loader.search_paths)
    return made.client(service, **how)


@cache
def _loader(folders: str | None) -> Any:
    return botocore.loaders.create_loader(folders)
