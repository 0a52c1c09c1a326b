"""Is it the model or its users? What is known of each channel, beside what is needed."""

from monitor.interfaces import Level
from monitor.verdict import verdict_of
from monitor.web.html import table
from monitor.web.plot import meter
from monitor.web.shown import Shown
from monitor.web.words import CHANNELS, LEVELS


def channels(shown: Shown) -> str:
    evidence, rows = shown.model.evidence, []
    for channel, (who, what) in CHANNELS.items():
        if (known := evidence.get(channel)) is None:
            continue
        found = known.evidence_log10
        share = (found or 0.0) / (known.threshold_log10 or 1.0)
        colour = verdict_of(channel) if known.level is Level.MOVED else "calm"
        rows.append(
            (
                f"<b>{who}</b> <small>{what}</small>",
                f"{meter(share, str(colour))} {LEVELS[known.level]}",
                f"{'–' if found is None else f'{found:.1f}'} / {known.threshold_log10:.1f}",
            )
        )
    caption = "Evidence that something moved, beside what is needed to say so, as powers of ten"
    body = table(("about", "state", "evidence / needed"), rows, numbers=(2,), caption=caption)
    return f"<h2>Is it the model or its users?</h2>{body}"
