"""What users ask about: shares of the topics of prompts, then and now."""

from html import escape

from monitor.web.html import table
from monitor.web.shown import Shown


def topics(shown: Shown) -> str:
    known = sorted(shown.model.topics, key=lambda t: -abs((t.recent or 0.0) - t.baseline))
    if not known:
        return ""
    rows = [
        (
            escape(t.name),
            f"{t.baseline:.0%}",
            "–" if t.recent is None else f"{t.recent:.0%}",
            "–" if t.recent is None else _points(t.recent - t.baseline),
        )
        for t in known
    ]
    said = (
        ("the mix is {:.0%} away from the baseline's", shown.model.input_shift),
        ("{:.0%} of prompts are unlike any of the baseline", shown.model.out_of_support),
        ("{:.0%} came before, and count once", shown.model.repeated),
    )
    shares = [text.format(share) for text, share in said if share is not None]
    return (
        "<h2>Prompts: topics, largest change first</h2>"
        + table(
            ("typical words", "baseline", "recent", "points"),
            rows,
            numbers=(1, 2, 3),
            caption="Shares of the topics of prompts in the baseline and of late",
        )
        + (f'<p class="note">Of late: {"; ".join(shares)}.</p>' if shares else "")
    )


def _points(share: float) -> str:
    """In points of per cent; no sign where it rounds to none."""
    points = round(100 * share)
    return f"{points:+d}" if points else "0"
