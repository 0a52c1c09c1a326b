"""A Kafka source as tests want it: from the beginning, in a group of its own, quick to give up."""

from monitor.sources.kafka import KafkaSource


def source(bootstrap, topic, **options):
    settings = {
        "auto_offset_reset": "earliest",
        "session_timeout_ms": 6_000,
        "poll_secs": 0.2,
        "group_id": f"g-{topic}",
    }
    return KafkaSource(bootstrap_servers=[bootstrap], topics=[topic], **(settings | options))
