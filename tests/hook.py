"""A receiver of notices on the loopback, which may be out of order."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(slots=True)
class Hook:
    """What it has heard, by path; `status` is what it answers, and only a 200 is heard."""

    url: str
    heard: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    status: int = 200

    def titles(self, path: str = "/hook") -> list[str]:
        """Return the titles of the notices at a path."""
        return [body.get("title", body.get("text", "")) for at, body in self.heard if at == path]


@contextmanager
def listening() -> Iterator[Hook]:
    """Listen on a free port until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            if made.status == 200:
                made.heard.append((self.path, body))
            self.send_response(made.status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Hook(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
