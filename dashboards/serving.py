"""What vLLM says of itself, beside what Tidegauge says of the model.

vLLM names the base model where an adapter answers, so its series are chosen by namespace alone.
"""

from dashboards.board import Row
from dashboards.panels import Query, graph
from dashboards.queries import own, per_sec, quantile


def _times(buckets: str) -> tuple[Query, Query]:
    return (
        Query(quantile(0.5, own(buckets), "model_name"), "{{model_name}} median"),
        Query(quantile(0.95, own(buckets), "model_name"), "{{model_name}} 95 %"),
    )


SERVING = Row(
    "Serving (vLLM in this namespace)",
    (
        graph(
            "Time to the first token",
            "A jump at the same time as a change of behaviour points to a new server, model or load, not to users.",
            "s",
            *_times("vllm:time_to_first_token_seconds_bucket"),
            width=6,
        ),
        graph(
            "Time of a whole answer",
            "Shorter without less load: answers became shorter. Longer with the time to the first token unchanged: "
            "answers became longer.",
            "s",
            *_times("vllm:e2e_request_latency_seconds_bucket"),
            width=6,
        ),
        graph(
            "Ends of answers",
            "How answers ended. More length: answers are cut by the token limit, which also moves signals of size. "
            "More abort: clients or proxies give up.",
            "reqps",
            Query(per_sec(own("vllm:request_success_total"), "finished_reason"), "{{finished_reason}}"),
            width=6,
        ),
        graph(
            "Requests in work",
            "Waiting that grows means overload: slow answers and probes that time out are then no sign of the model.",
            "none",
            Query(f"sum by (model_name) ({own('vllm:num_requests_running')})", "{{model_name}} running"),
            Query(f"sum by (model_name) ({own('vllm:num_requests_waiting')})", "{{model_name}} waiting"),
            width=6,
        ),
    ),
    folded=True,
)
