"""A real one-node Kafka for tests, in a temporary folder on free loopback ports.

    python tests/kafka/broker.py          start one, print its address, wait for Ctrl-C

Needs KAFKA_HOME (a folder with libs/*.jar, `make kafka-home` brings one) and Java 17.
"""

import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

CLUSTER_ID = "MkU3OEVBNTcwNTJENDM2Qk"  # a random one may begin with "-", and is then read as an option
START_SECS = 60.0
USER, PASSWORD = "alice", "alice-secret"

LOGGING = """\
status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %p %m (%c)%n
rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
"""

PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{plain},CONTROLLER://127.0.0.1:{controller}{more_listeners}
advertised.listeners=PLAINTEXT://127.0.0.1:{plain}{more_listeners}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,SSL:SSL
log.dirs={folder}/data
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
message.max.bytes=16777216
log.retention.check.interval.ms=500
"""

SECURITY = """\
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256
listener.name.sasl_plaintext.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
user_{user}="{password}";
listener.name.sasl_plaintext.scram-sha-256.sasl.jaas.config=\
org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.ssl.ssl.keystore.location={folder}/broker.p12
listener.name.ssl.ssl.keystore.password=keystore-secret
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
"""


def free_port() -> int:
    """Below those that a kernel gives to connections: with several tests at once one could take it before a broker
    listens."""
    while True:
        port = random.randrange(10_000, 32_768)
        with socket.socket() as sock, suppress(OSError):
            sock.bind(("127.0.0.1", port))
            return port


def await_port(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Returns when the port is open; fails at once, with the process' log, when the process has died."""
    deadline = time.monotonic() + START_SECS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the broker died with code {process.returncode}:\n{log.read_text()[-4000:]}")
        with socket.socket() as sock:
            sock.settimeout(0.2)
            if sock.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"no broker on port {port} after {START_SECS:.0f} s:\n{log.read_text()[-4000:]}")


class KafkaBroker:
    """Apache Kafka from the jars of `home`. `stop`, `kill` and `start` keep ports and data.

    With `security` it also listens for SASL_PLAINTEXT (PLAIN and SCRAM-SHA-256, user USER) and SSL (a certificate of
    its own for localhost, `cafile`), and lets USER do only what an ACL allows; without TLS and log-in all is allowed.
    """

    restartable = True

    def __init__(self, home: Path, *, security: bool = False) -> None:
        self._home = home
        self._security = security
        self._temporary = tempfile.TemporaryDirectory(prefix="kafka-")
        self._folder = Path(self._temporary.name)
        self._plain, self._controller, self._sasl, self._ssl = (free_port() for _ in range(4))
        self._process: subprocess.Popen[bytes] | None = None
        self._formatted = False
        self.bootstrap = f"127.0.0.1:{self._plain}"
        self.sasl_bootstrap = f"127.0.0.1:{self._sasl}" if security else ""
        self.ssl_bootstrap = f"localhost:{self._ssl}" if security else ""
        self.cafile = self._folder / "broker.pem"

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        if self._process is not None:
            return
        if not self._formatted:
            self._format()
        log = self._folder / "broker.log"
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                self._java("kafka.Kafka", self._folder / "server.properties"), stdout=output, stderr=output
            )
        await_port(self._process, self._plain, log)

    def stop(self) -> None:
        """Asks it to end: the group coordinator writes what it holds, clients are told."""
        self._end(kill=False)

    def kill(self) -> None:
        """As a power cut would."""
        self._end(kill=True)

    def close(self) -> None:
        self.kill()
        self._temporary.cleanup()

    def _end(self, *, kill: bool) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill() if kill else process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _format(self) -> None:
        more = ""
        if self._security:
            self._make_certificate()
            more = f",SASL_PLAINTEXT://127.0.0.1:{self._sasl},SSL://localhost:{self._ssl}"
        text = PROPERTIES.format(
            plain=self._plain, controller=self._controller, folder=self._folder, more_listeners=more
        )
        if self._security:
            text += SECURITY.format(folder=self._folder, user=USER, password=PASSWORD)
        (self._folder / "server.properties").write_text(text)
        (self._folder / "log4j2.properties").write_text(LOGGING)
        scram = ["--add-scram", f"SCRAM-SHA-256=[name={USER},password={PASSWORD}]"] if self._security else []
        config = self._folder / "server.properties"
        self._run(self._java("kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", config, *scram))
        self._formatted = True

    def _make_certificate(self) -> None:
        store = ["-keystore", str(self._folder / "broker.p12"), "-storepass", "keystore-secret", "-alias", "broker"]
        names = ["-dname", "CN=localhost", "-ext", "san=dns:localhost"]
        self._run(["keytool", "-genkeypair", "-keyalg", "EC", "-validity", "2", *names, *store])
        self._run(["keytool", "-exportcert", "-rfc", "-file", str(self.cafile), *store])

    def _java(self, main: str, *arguments: object) -> list[str]:
        logging = f"-Dlog4j2.configurationFile={self._folder / 'log4j2.properties'}"
        return ["java", "-Xmx512m", logging, "-cp", f"{self._home}/libs/*", main, *map(str, arguments)]

    @staticmethod
    def _run(command: list[str]) -> None:
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{command[0]} failed with code {done.returncode}:\n{done.stdout[-4000:]}")


def kafka_home() -> Path | None:
    """KAFKA_HOME, or the folder that `make kafka-home` fills; None without jars or without Java."""
    home = Path(os.environ.get("KAFKA_HOME") or Path(__file__).parents[2] / ".cache" / "kafka")
    found = any(home.glob("libs/kafka_*.jar")) and shutil.which("java") is not None
    return home if found else None


if __name__ == "__main__":
    home = kafka_home()
    if home is None:
        sys.exit("no Kafka: set KAFKA_HOME or run `make kafka-home`; Java 17 must be on PATH")
    with KafkaBroker(home) as broker:
        print(broker.bootstrap, flush=True)
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            pass
