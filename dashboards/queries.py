"""PromQL in pieces: series chosen by the variables of a dashboard.

Gauges are taken by `max by`, which drops the labels of the scrape: a monitor that was restarted elsewhere goes on as
the same line.
"""

_NAMESPACE = 'namespace=~"$namespace"'
_MODEL = f'{_NAMESPACE}, model=~"$model"'


def own(series: str) -> str:
    """A series about the monitor itself."""
    return f"{series}{{{_NAMESPACE}}}"


def of(series: str, *matchers: str, **labels: str) -> str:
    """A series about models, those with these labels; `matchers` are PromQL's, for anything but equality."""
    equal = (f'{label}="{value}"' for label, value in labels.items())
    return f"{series}{{{', '.join((_MODEL, *matchers, *equal))}}}"


def top(selector: str, *labels: str) -> str:
    """A gauge about models, by namespace, model and these labels."""
    return f"max by ({', '.join(('namespace', 'model', *labels))}) ({selector})"


def per_sec(counter: str, *labels: str) -> str:
    """How fast a counter grows, by these labels."""
    return f"sum by ({', '.join(labels)}) (rate({counter}[$__rate_interval]))"


def grown(counter: str, *labels: str) -> str:
    """How much a counter grew from one point of the graph to the next, about, by these labels."""
    return f"sum by ({', '.join(labels)}) (increase({counter}[$__rate_interval]))"


def grown_in_range(counter: str, *labels: str) -> str:
    """How much a counter grew in the time that the dashboard shows, by these labels."""
    return f"round(sum by ({', '.join(labels)}) (increase({counter}[$__range])))"


def quantile(q: float, buckets: str, *labels: str) -> str:
    """A quantile of a histogram, by these labels."""
    return f"histogram_quantile({q:g}, {per_sec(buckets, 'le', *labels)})"
