"""The sandbox as a server on the loopback, in a thread for tests or for a person at a terminal."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import uvicorn

from infra.sandbox.app import application
from shared.errors import ConfigurationError

HOST = "127.0.0.1"
PORT = 8900


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A sandbox that is up: where it is, and how to stop it."""

    url: str
    port: int
    stop: Callable[[], None]


def start(port: int = 0) -> Running:
    """Run a sandbox in a thread of its own; port 0 takes any that is free."""
    listening = _listen(port)
    number = int(listening.getsockname()[1])
    server = _server()
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.005)

    def stop() -> None:
        server.should_exit = True
        thread.join(timeout=10)
        listening.close()

    return Running(url=f"http://{HOST}:{number}", port=number, stop=stop)


def serve(port: int = PORT) -> None:
    """Run a sandbox until it is interrupted.

    Raises:
        ConfigurationError: when the port is taken.

    """
    with _listen(port) as listening, suppress(KeyboardInterrupt):  # raised when all is closed
        _server().run(sockets=[listening])


def _server() -> uvicorn.Server:
    config = uvicorn.Config(
        application(),
        log_config=None,
        log_level="critical",
        access_log=False,
        lifespan="off",
        ws="none",
        proxy_headers=False,
        # Longer than a client rests between batches: else it writes into a closed connection.
        timeout_keep_alive=120,
        timeout_graceful_shutdown=1,
    )
    return uvicorn.Server(config)


def _listen(port: int) -> socket.socket:
    # asyncio turns Nagle's wait of 40 ms an answer off only where the protocol is spelt out.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
    except OSError as error:
        listening.close()
        raise ConfigurationError(f"port {port} is taken (choose another with --port)") from error
    listening.listen(256)
    return listening
