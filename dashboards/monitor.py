"""The monitor itself: whether it reads, keeps up, and can be believed."""

from dashboards.board import Board, Row
from dashboards.panels import Query, graph, number
from dashboards.queries import grown, of, own, per_sec, quantile, top
from dashboards.variables import datasource, models, namespace

# Series of the process carry no namespace of ours; those of a monitor are scraped together with verdicts.
_OURS = f"and on (job, instance) {own('tidegauge_verdict')}"
_BATCHES = own("tidegauge_batch_seconds_bucket")

_RECORDS = Row(
    "Records",
    (
        graph(
            "Records by outcome",
            "What became of all that was read. measured at 0 while others flow: nothing is watched. dead_letter "
            "rising: the format changed upstream.",
            "cps",
            Query(per_sec(own("tidegauge_records_total"), "source", "outcome"), "{{source}} {{outcome}}"),
            runbooks=("NoTraffic", "MonitorBlind"),
        ),
        graph(
            "Skipped",
            "Readable and not measured. unknown_model: no entry of models matches the name, so a new deployment is "
            "not watched. no_content: bodies are not logged.",
            "cps",
            Query(per_sec(own("tidegauge_records_skipped_total"), "reason"), "{{reason}}"),
            runbooks=("MonitorBlind",),
        ),
        graph(
            "Dead letters",
            "Records that could not be read, from one point to the next, by reason. A few are noise; a steady share "
            "is a producer that changed.",
            "none",
            Query(grown(own("tidegauge_dead_letters_total"), "reason"), "{{reason}}"),
            stacked=True,
            runbooks=("DeadLetters",),
        ),
    ),
)

_LAG = Row(
    "Keeping up",
    (
        graph(
            "Lag in records",
            "Records not yet read, by partition. All grow: the monitor is too slow, lower the sampling. One grows: "
            "that partition is stuck.",
            "none",
            Query(
                f"max by (namespace, topic, partition) ({own('tidegauge_kafka_lag_records')})",
                "{{topic}} {{partition}}",
            ),
            runbooks=("ConsumerLagging",),
        ),
        graph(
            "Lag in time",
            "How old the last record is while there is more to read: by so much every verdict is late.",
            "s",
            Query(f"max by (namespace, source) ({own('tidegauge_kafka_lag_seconds')})", "{{source}}"),
            runbooks=("ConsumerLagging",),
        ),
        graph(
            "Gaps",
            "Times that records were gone before they were read: retention is shorter than the lag was. What was in "
            "them is lost.",
            "none",
            Query(grown(own("tidegauge_gaps_total"), "source"), "{{source}}"),
            stacked=True,
            runbooks=("ConsumerLagging",),
        ),
    ),
)

_MEASURING = Row(
    "Measuring",
    (
        graph(
            "Sampled",
            "Chance of an exchange to be measured. It falls when traffic is above what the settings ask for; "
            "verdicts then rest on as many exchanges as before, out of more.",
            "percentunit",
            Query(top(of("tidegauge_sampled_ratio")), "{{model}}"),
        ),
        graph(
            "Read by networks",
            "Share of the sampled exchanges that networks had time to read. Falling: their signals rest on less; "
            "give them more CPU, or sample less. Nothing here: no networks are used.",
            "percentunit",
            Query(top(of("tidegauge_read_ratio")), "{{model}}"),
            runbooks=("ReaderDown",),
        ),
        graph(
            "Networks up",
            "1 for a network whose signals are measured. At 0 its signals are blind, and the rest goes on. Nothing "
            "here: no networks are used.",
            "none",
            Query(top(of("tidegauge_reader_up"), "reader"), "{{model}} {{reader}}"),
            runbooks=("ReaderDown",),
        ),
        graph(
            "Time of a batch, median",
            "By stage. decode grows with the size of records, measure with networks and models, save with the disk.",
            "s",
            Query(quantile(0.5, _BATCHES, "stage"), "{{stage}}"),
            width=12,
        ),
        graph(
            "Time of a batch, 99 %",
            "The slowest batches by stage. Seconds in save: the disk of the state is slow, and commits are late.",
            "s",
            Query(quantile(0.99, _BATCHES, "stage"), "{{stage}}"),
            width=12,
        ),
    ),
)

_PROCESS = Row(
    "Process",
    (
        number(
            "Monitors",
            "Processes that report. 0 or a dash: nobody watches, whatever other panels show.",
            "none",
            f"count(count by (job, instance) ({own('tidegauge_verdict')}))",
            runbooks=("MonitorBlind",),
        ),
        number(
            "Running for",
            "The youngest process. Minutes again and again: it is being killed, mostly for memory.",
            "s",
            f"time() - max(process_start_time_seconds {_OURS})",
            runbooks=("MonitorBlind",),
        ),
        number(
            "Version",
            "The version that is running, one number for each: two for long means that a roll-out is stuck.",
            "none",
            "count by (version) (tidegauge_build_info)",
            legend="{{version}}",
        ),
        graph(
            "State that could not be saved",
            "Nothing is lost, and nothing is committed: while it goes on, records are read again after a restart. "
            "Look at the volume of the state.",
            "none",
            Query(grown(own("tidegauge_state_failures_total"), "namespace"), "{{namespace}}"),
            stacked=True,
            width=12,
        ),
        graph(
            "Memory",
            "Steady after the first hours is right. A slope that never flattens will end in a restart.",
            "bytes",
            Query(f"process_resident_memory_bytes {_OURS}", "{{instance}}"),
            width=12,
        ),
        graph(
            "Processor",
            "Cores in use. At the limit of the container lag comes next.",
            "none",
            Query(f"rate(process_cpu_seconds_total[$__rate_interval]) {_OURS}", "{{instance}}"),
            width=12,
            runbooks=("ConsumerLagging",),
        ),
    ),
)

BOARD = Board(
    uid="tidegauge-monitor",
    title="Tidegauge / Monitor",
    says="The monitor itself: what it reads, whether it keeps up, and what it costs.",
    variables=(datasource(), namespace(), models()),
    rows=(_RECORDS, _LAG, _MEASURING, _PROCESS),
)
