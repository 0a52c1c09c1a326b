"""Recorded exchanges of a real model as live traffic of a Kafka topic: users change, then the model is swapped, then
all is as before. The recording is that of `tidegauge demo`.

    python replay.py prepare FOLDER          the model's baseline into the folder, unless it is there, and the topic
    python replay.py traffic --per-sec 4     the traffic, once
"""

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path

from kafka import KafkaProducer
from kafka.admin import KafkaAdminClient, NewTopic
from kafka.errors import TopicAlreadyExistsError

from monitor import demo


def prepare(folder: Path, bootstrap: str, topic: str) -> None:
    if not folder.exists():
        demo.write_baseline(folder)
        print(f"built the baseline {folder}")
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        admin.create_topics([NewTopic(topic, 1, 1)])  # one partition: the order in which the model answered
        print(f"made the topic {topic}")
    except TopicAlreadyExistsError:
        pass
    finally:
        admin.close()


def replay(lines: Sequence[bytes], bootstrap: str, topic: str, per_sec: float) -> None:
    """Evenly over time. They are said to happen now: without a time of their own Kafka's stands in."""
    producer = KafkaProducer(bootstrap_servers=bootstrap)
    begun, phase = time.monotonic(), None
    try:
        for i, line in enumerate(lines):
            record = json.loads(line)
            if record["phase"] != phase:
                phase = record["phase"]
                print(f"exchange {i + 1}: {phase}", flush=True)
            del record["time"], record["phase"]
            time.sleep(max(0.0, begun + i / per_sec - time.monotonic()))
            producer.send(topic, json.dumps(record).encode())
        producer.flush()
    finally:
        producer.close()
    print(f"all {len(lines)} exchanges are sent", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bootstrap", default="kafka:9092", help="address of the Kafka")
    parser.add_argument("--topic", default="llm-traffic")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("prepare").add_argument("folder", type=Path)
    commands.add_parser("traffic").add_argument("--per-sec", type=float, default=4.0)
    args = parser.parse_args()
    if args.command == "prepare":
        prepare(args.folder, args.bootstrap, args.topic)
    else:
        replay(demo.recording()[1], args.bootstrap, args.topic, args.per_sec)


if __name__ == "__main__":
    main()
