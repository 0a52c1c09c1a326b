"""Reads two texts by a network in a process that tells every attempt to reach the outside:
`python offline.py MODEL [--offline] [--by Encoder|Classifier|Surprise|Names]`.

Prints one JSON line: the attempts, what came of it, and the error that an operator would see.
"""

import argparse
import json
import sys

attempts = []


def heard(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        attempts.append(event)


sys.addaudithook(heard)

import numpy as np  # noqa: E402

from monitor import networks  # noqa: E402
from monitor.errors import ConfigError  # noqa: E402

READS = {
    "Encoder": lambda made, texts: made.encode(texts),
    "Classifier": lambda made, texts: made.probabilities(texts, texts),
    "Surprise": lambda made, texts: made.nats(texts),
    "Names": lambda made, texts: np.array(made.found(texts)),
}
parser = argparse.ArgumentParser()
parser.add_argument("model")
parser.add_argument("--offline", action="store_true")
parser.add_argument("--by", choices=READS, default="Encoder")
args = parser.parse_args()
shape, error = None, ""
try:
    choice = networks.Choice(args.model, offline=args.offline, device="cpu", threads=1)
    made = getattr(networks, args.by)(choice)
    shape = READS[args.by](made, ["Where is my parcel?", "At the depot."]).shape
except ConfigError as raised:
    error = str(raised)
print(json.dumps({"attempts": attempts, "shape": shape, "error": error}))
