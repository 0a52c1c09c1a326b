"""The callbacks that recipes put into gateways: what they write, the monitor reads."""

import asyncio
import importlib.util
import json
import sys
from logging.handlers import RotatingFileHandler
from types import ModuleType, SimpleNamespace

import pytest
from chart.charting import ROOT

from monitor.formats import FORMATS
from monitor.records import Message, Record

RECIPES = ROOT / "examples" / "kubernetes"
ASKED = {"model": "support-bot", "messages": [{"role": "user", "content": "Where is my parcel?"}]}
ANSWER = {"id": "chatcmpl-1", "created": 1767225600, "model": "support-bot-v7",
          "choices": [{"index": 0, "finish_reason": "stop", "message": {"content": "It is on its way."}}]}  # fmt: skip


@pytest.fixture
def recorder(request, tmp_path, monkeypatch):
    """The callback of the module's recipe, and the file that it writes to."""
    # LiteLLM's base class has nothing in it that ours relies on, and LiteLLM is large.
    base = ModuleType("litellm.integrations.custom_logger")
    base.CustomLogger = object
    for name in ("litellm", "litellm.integrations"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, base.__name__, base)
    spec = importlib.util.spec_from_file_location("recorder", RECIPES / request.param / "recorder.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (handler,) = (one for one in module.lines.handlers if isinstance(one, RotatingFileHandler))  # pytest adds its own
    handler.baseFilename = str(tmp_path / "traffic.jsonl")
    yield module.recorder, tmp_path / "traffic.jsonl"
    handler.close()
    module.lines.removeHandler(handler)


def read(path):
    """The exchanges, and whether each is a probe, as the monitor decodes the lines."""
    read = FORMATS["openai"]().decode
    lines = path.read_bytes().splitlines() if path.exists() else []
    return [read(Record(value=line, partition="f", offset=i, time=None)) for i, line in enumerate(lines)]


def litellm(recorder, headers=None, **other):
    seen = {
        "id": "chatcmpl-1", "call_type": "acompletion", "model": "hosted_vllm/x", "model_group": "support-bot",
        "startTime": 1767225600.5, "messages": ASKED["messages"], "response": ANSWER, "cache_hit": False,
        "model_parameters": {"temperature": 0.2, "tools": []},
    }  # fmt: skip
    parameters = {"proxy_server_request": {"headers": {"authorization": "Bearer secret"} | (headers or {})}}
    given = {"standard_logging_object": seen | other, "litellm_params": parameters}
    asyncio.run(recorder.async_log_success_event(given, None, None, None))


on_litellm = pytest.mark.parametrize("recorder", ["litellm"], indirect=True)
on_stack = pytest.mark.parametrize("recorder", ["vllm-production-stack"], indirect=True)


@on_litellm
def test_what_litellm_saw_is_read(recorder):
    recorder, path = recorder
    litellm(recorder)
    (exchange,) = read(path)
    assert (exchange.id, exchange.model, exchange.time) == ("chatcmpl-1", "support-bot", 1767225600.5)
    assert (exchange.messages, exchange.response) == ((Message("user", "Where is my parcel?"),), "It is on its way.")
    assert not exchange.probe
    assert "secret" not in path.read_text()


@on_litellm
def test_a_probe_through_litellm_is_told_from_traffic(recorder):
    recorder, path = recorder
    litellm(recorder, {"x-tidegauge-probe": "1"})
    assert [exchange.probe for exchange in read(path)] == [True]


@on_litellm
@pytest.mark.parametrize("other", [{"cache_hit": True}, {"call_type": "aembedding"}])
def test_what_no_model_answered_is_left_out(recorder, other):
    recorder, path = recorder
    litellm(recorder, **other)
    assert not path.exists()


def router(recorder, answer, *, path="/v1/chat/completions", headers=None):
    request = SimpleNamespace(state=SimpleNamespace(), url=SimpleNamespace(path=path), headers=headers or {})
    assert recorder.pre_request(request, json.dumps(ASKED).encode(), ASKED) is None
    recorder.post_request(request, bytearray(answer.encode()))


@on_stack
def test_what_the_router_saw_is_read(recorder):
    recorder, path = recorder
    router(recorder, json.dumps(ANSWER))
    router(recorder, json.dumps(ANSWER), headers={"x-tidegauge-probe": "1"})
    exchange, probe = read(path)
    assert (exchange.model, exchange.messages[0].content) == ("support-bot", "Where is my parcel?")
    assert exchange.response == "It is on its way."
    assert (exchange.probe, probe.probe) == (False, True)


@on_stack
def test_a_stream_of_the_router_is_read(recorder):
    recorder, path = recorder
    parts = [("It is ", None), ("on its way.", "stop")]
    chunks = [{"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": end}]} for text, end in parts]
    router(recorder, "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n")
    (exchange,) = read(path)
    assert (exchange.response, exchange.finish_reason, exchange.truncated) == ("It is on its way.", "stop", False)


@on_stack
@pytest.mark.parametrize(
    ("answer", "path"),
    [('{"error": {"message": "no such model"}}', "/v1/chat/completions"), (json.dumps(ANSWER), "/v1/embeddings")],
)
def test_errors_and_embeddings_are_left_out(recorder, answer, path):
    recorder, written = recorder
    router(recorder, answer, path=path)
    assert not written.exists()
