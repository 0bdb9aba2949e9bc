"""An ASGI application as a server on the loopback: until interrupted, or in a thread."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import uvicorn

from shared.errors import ConfigurationError

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Running:
    """A server that is up: where it is, and how to stop it."""

    url: str
    stop: Callable[[], None]


def listen(port: int) -> socket.socket:
    """Take a port of the loopback; 0 takes any that is free.

    Raises:
        ConfigurationError: when the port is taken.
    """
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
    except OSError as error:
        listening.close()
        raise ConfigurationError(f"port {port} is taken (choose another with --port)") from error
    listening.listen(256)
    return listening


def run(app: Any, listening: socket.socket) -> None:
    """Serve until interrupted."""
    with listening, suppress(KeyboardInterrupt):  # raised again when all is closed
        _server(app).run(sockets=[listening])


def start(app: Any, port: int = 0) -> Running:
    """Serve in a thread."""
    listening = listen(port)
    number = int(listening.getsockname()[1])
    server = _server(app)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.005)

    def stop() -> None:
        server.should_exit = True
        thread.join(timeout=10)
        listening.close()

    return Running(f"http://{HOST}:{number}", stop)


def _server(app: Any) -> uvicorn.Server:
    config = uvicorn.Config(
        app,
        log_config=None,
        log_level="critical",
        access_log=False,  # an address that is asked for may hold what a stranger put there
        lifespan="off",
        ws="none",
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=120,
        timeout_graceful_shutdown=2,
    )
    return uvicorn.Server(config)
