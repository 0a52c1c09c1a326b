"""Makes vectors in a process that tells every attempt to reach the network: `python offline.py MODEL [--offline]`.

Prints one JSON line: the attempts, what came of it, and the error that an operator would see.
"""

import json
import sys

attempts = []


def heard(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        attempts.append(event)


sys.addaudithook(heard)

from monitor.errors import ConfigError  # noqa: E402
from monitor.networks import Encoder  # noqa: E402

shape, error = None, ""
try:
    encoder = Encoder(sys.argv[1], offline="--offline" in sys.argv, device="cpu", threads=1)
    shape = encoder.encode(["Where is my parcel?", "At the depot."]).shape
except ConfigError as raised:
    error = str(raised)
print(json.dumps({"attempts": attempts, "shape": shape, "error": error}))
