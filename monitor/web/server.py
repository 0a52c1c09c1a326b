"""The HTTP server: uvicorn in a thread of its own, so that a scrape never waits for a batch."""

import socket
import threading
from types import TracebackType

import uvicorn
from starlette.applications import Starlette

from monitor.errors import ConfigError

_START_SECS = 10.0


class Server:
    """A context manager: serves `app` while it is open. Port 0 takes a free one, which `port` then tells.
    ConfigError when the address cannot be had."""

    def __init__(self, app: Starlette, *, host: str, port: int) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((host, port))
        except OSError as error:
            self._socket.close()
            raise ConfigError(f"web.port: cannot listen on {host}:{port}: {error.strerror or error}") from None
        self.port: int = self._socket.getsockname()[1]
        config = uvicorn.Config(
            app, log_config=None, log_level="warning", access_log=False, lifespan="off", timeout_graceful_shutdown=2
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._serve, name="web", daemon=True)

    def _serve(self) -> None:
        self._server.run(sockets=[self._socket])

    def __enter__(self) -> "Server":
        self._socket.listen(128)  # from here on a client waits instead of being refused
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=_START_SECS)
        self._socket.close()
