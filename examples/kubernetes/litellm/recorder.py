"""A callback of LiteLLM's proxy: every exchange becomes a line of a file that the monitor beside it follows."""

import json
import logging
from logging.handlers import RotatingFileHandler
from typing import Any

from litellm.integrations.custom_logger import CustomLogger

# A full file is renamed, which the monitor understands: at most 192 MiB. What cannot be written is lost; no request is.
lines = logging.getLogger("traffic")
lines.setLevel(logging.INFO)
lines.propagate = False
lines.addHandler(RotatingFileHandler("/traffic/traffic.jsonl", maxBytes=64 << 20, backupCount=2, delay=True))


class Recorder(CustomLogger):
    async def async_log_success_event(self, kwargs: dict[str, Any], *_: object) -> None:
        seen = kwargs.get("standard_logging_object") or {}
        # An answer of the cache is no behaviour of the model.
        if seen.get("cache_hit") or "completion" not in str(seen.get("call_type")):
            return
        asked = {"model": seen["model_group"], "messages": seen["messages"]}
        parameters = seen.get("model_parameters") or {}
        asked |= {key: parameters[key] for key in ("tools", "response_format") if key in parameters}
        came = (kwargs.get("litellm_params") or {}).get("proxy_server_request") or {}
        lines.info(
            json.dumps({
                "id": seen["id"],
                "time": seen["startTime"],
                "model": seen["model_group"],  # the name that users ask for, not that of a deployment behind it
                "request": asked,
                "response": seen["response"],
                "headers": {name: text for name, text in (came.get("headers") or {}).items() if name == PROBE},
            }, default=str)
        )  # fmt: skip


PROBE = "x-tidegauge-probe"  # by which the monitor tells its own requests from those of users
recorder = Recorder()
