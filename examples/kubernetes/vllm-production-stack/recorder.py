"""A callback of the production-stack's router: every exchange becomes a line of a file that the monitor beside it
follows."""

import json
import logging
import time
from logging.handlers import RotatingFileHandler
from typing import Any

# A full file is renamed, which the monitor understands: at most 192 MiB. What cannot be written is lost; no request is.
lines = logging.getLogger("traffic")
lines.setLevel(logging.INFO)
lines.propagate = False
lines.addHandler(RotatingFileHandler("/traffic/traffic.jsonl", maxBytes=64 << 20, backupCount=2, delay=True))

PROBE = "x-tidegauge-probe"  # by which the monitor tells its own requests from those of users


class Recorder:
    def pre_request(self, request: Any, _body: bytes, request_json: Any) -> None:
        request.state.asked, request.state.came = request_json, time.time()

    def post_request(self, request: Any, response_content: bytes) -> None:
        """Called in the background, when the last byte of the answer has gone out."""
        asked, text = getattr(request.state, "asked", None), bytes(response_content).decode(errors="replace")
        if not request.url.path.endswith("/completions") or not asked or '"choices"' not in text:
            return  # embeddings, errors and the like
        lines.info(
            json.dumps({
                "time": request.state.came,
                "request": asked,
                "response": json.loads(text) if text.startswith("{") else text,  # or a stream, as it was sent
                "headers": {PROBE: request.headers[PROBE]} if PROBE in request.headers else {},
            })
        )  # fmt: skip


recorder = Recorder()
