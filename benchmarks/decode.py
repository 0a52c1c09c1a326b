"""What decoding costs, and what other ways of decoding would: microseconds per record, on one core.

    python -m benchmarks.decode [--json] [--repeats 15]

Records are those of benchmarks/ingest.py: chat completions with answers of about 1.5 kB.

    parsed     bytes to the library's values: the types of the format, or dicts and lists
    exchange   bytes to an Exchange
    logprobs   parsed, where the record also holds the log probability of each token and of five alternatives

The product decodes into types, which refuses what does not fit and says where. The other ways build every key, and the
exchange is picked from them by hand here, without any check. orjson is measured where it is installed. Times are
processor time, the best of several runs. The last line of output is one JSON object.
"""

import argparse
import importlib
import importlib.util
import json
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from benchmarks.timing import best_secs
from benchmarks.traffic import traffic_records
from monitor.formats.openai import read_openai
from monitor.formats.openai.bodies import Pair
from monitor.formats.strict import StrictFormat
from monitor.records import Exchange, Message, Record, Tool, ToolCall

Parse = Callable[[bytes], Any]


def parsers() -> dict[str, Parse]:
    """Into dicts and lists."""
    known: dict[str, Parse] = {"msgspec, untyped": msgspec.json.Decoder().decode}
    if importlib.util.find_spec("orjson") is not None:
        known["orjson"] = importlib.import_module("orjson").loads
    return {**known, "json": json.loads}


def by_hand(record: Mapping[str, Any]) -> Exchange:
    """The same exchange as the product reads from these records."""
    request, response = record["request"], record["response"]
    choice = response["choices"][0]
    message, usage = choice["message"], response.get("usage") or {}
    wanted = request.get("response_format")
    calls = [call["function"] for call in message.get("tool_calls") or ()]
    tools = [tool["function"] for tool in request.get("tools") or ()]
    return Exchange(
        id=response["id"],
        model=request["model"],
        messages=tuple([Message(turn["role"], turn["content"]) for turn in request["messages"]]),
        response=message.get("content") or "",
        adapter=record.get("adapter"),
        time=response.get("created"),
        finish_reason=choice.get("finish_reason"),
        refusal=message.get("refusal"),
        tool_calls=tuple([ToolCall(call["name"], call["arguments"]) for call in calls]),
        tools=tuple([Tool(tool["name"], tool.get("parameters")) for tool in tools]),
        wants_json=wanted is not None and wanted["type"] != "text",
        prompt_tokens=usage.get("prompt_tokens"),
        completion_tokens=usage.get("completion_tokens"),
        conversation=record.get("conversation"),
    )


def with_logprobs(value: bytes, rng: random.Random) -> bytes:
    """The record with a token for each word of its answer."""
    record = msgspec.json.decode(value)
    choice = record["response"]["choices"][0]
    words = choice["message"]["content"].split(" ")

    def token(word: str) -> dict[str, Any]:
        return {"token": word, "logprob": -rng.expovariate(1.0), "bytes": list(word.encode())}

    content = [{**token(word), "top_logprobs": [token(rng.choice(words)) for _ in range(5)]} for word in words]
    choice["logprobs"] = {"content": content, "refusal": None}
    return msgspec.json.encode(record)


def microseconds(decode: Callable[[Any], object], records: Sequence[Any], repeats: int) -> float:
    """Best of several runs over all records, per record."""
    return round(best_secs(decode, records, repeats) / len(records) * 1e6, 2)


def timings(values: Sequence[bytes], longer: Sequence[bytes], repeats: int) -> dict[str, dict[str, float]]:
    product, records = StrictFormat(read_openai).decode, [Record(value, "t/0", i) for i, value in enumerate(values)]
    typed: Parse = msgspec.json.Decoder(Pair).decode
    ways: dict[str, tuple[Parse, Callable[[Record], Exchange]]] = {"msgspec, typed": (typed, product)}
    for name, parse in parsers().items():
        ways[name] = parse, lambda record, parse=parse: by_hand(parse(record.value))  # type: ignore[misc]
    expected = [product(record) for record in records]
    result = {}
    for name, (parse, read) in ways.items():
        assert [read(record) for record in records] == expected, f"{name} reads another exchange"
        result[name] = {
            "parsed": microseconds(parse, values, repeats),
            "exchange": microseconds(read, records, repeats),
            "logprobs": microseconds(parse, longer, repeats),
        }
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print only the JSON object")
    parser.add_argument("--repeats", type=int, default=15)
    args = parser.parse_args()
    values = list(traffic_records(500))
    longer = [with_logprobs(value, random.Random(i)) for i, value in enumerate(values[:50])]
    result = timings(values, longer, args.repeats)
    if not args.json:
        table = Table("us per record", "parsed", "exchange", "logprobs", box=None)
        for name, row in result.items():
            table.add_row(name, *(f"{us:.2f}" for us in row.values()))
        Console().print(table)
    sizes = [round(sum(map(len, records)) / len(records)) for records in (values, longer)]
    print(json.dumps({"unit": "us per record", "record_bytes": sizes, **result}))


if __name__ == "__main__":
    main()
