"""Parts of a page that every page is made of. What is given as text is escaped by whoever gives it."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape
from urllib.parse import quote, urlencode

from monitor.verdict import Incident, Verdict


def table(
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    numbers: Sequence[int] = (),
    *,
    caption: str = "",
    names: Sequence[str] = (),
    extra: Sequence[int] = (),
) -> str:
    """A table; the columns in `numbers` are set to the right, the first heads its row, those in `extra` are for wide
    screens. `names`, any text, tell rows
    apart wherever they stand: rows with links have them, so that one who has reached a link stays on it."""
    kinds = [("n " if i in numbers else "") + ("extra" if i in extra else "") for i in range(len(head))]
    side = [f' class="{kind.rstrip()}"' if kind else "" for kind in kinds]
    top = "".join(f'<th scope="col"{side[i]}>{h}</th>' for i, h in enumerate(head))
    body = "".join(
        f'<tr{_id(names[r]) if names else ""}><th scope="row">{row[0]}</th>'
        + "".join(f"<td{side[i]}>{cell}</td>" for i, cell in enumerate(row[1:], 1))
        + "</tr>"
        for r, row in enumerate(rows)
    )
    said = f"<caption>{caption}</caption>" if caption else ""
    return f'<div class="scroll"><table>{said}<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'


def _id(name: str) -> str:
    return f' id="row-{quote(name, safe="")}"'


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """Questions and their answers; those without an answer are left out."""
    return f"<dl>{''.join(f'<dt>{name}</dt><dd>{said}</dd>' for name, said in pairs if said)}</dl>"


def plain(word: str) -> str:
    """A name as people write it."""
    return word.replace("_", " ")


def tag(verdict: Verdict) -> str:
    return f'<span class="tag {verdict}">{plain(verdict)}</span>'


def stamp(time: float) -> str:
    """A time (Unix seconds) in words."""
    return f"{datetime.fromtimestamp(time, UTC):%d %b %H:%M} UTC"


def place(exchange: int, time: float | None) -> str:
    """An exchange and its time. Its number is never broken over two lines: half of one is another."""
    return f'<span class="whole">{exchange:,}</span>{at(time)}'


def at(time: float | None) -> str:
    """A time (Unix seconds) beside what happened then; "" when it is not known."""
    return "" if time is None else f" <small>{stamp(time)}</small>"


def ago(secs: float) -> str:
    """How long something lasts, in its two largest units."""
    minutes = max(0, round(secs / 60))
    if minutes < 60:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if hours < 48 else f"{hours // 24} d {hours % 24} h"


def power(x: float | None) -> str:
    """A power of ten, of which the exponent is given; – when there is none."""
    return "–" if x is None else f"10<sup>{x:.1f}</sup>"


def address(model: str, incident: Incident | None = None) -> str:
    """Where a model, or one of its incidents, is shown whole; fit for an attribute."""
    asked = {"model": model} | ({} if incident is None else {"incident": incident.id})
    return escape("/?" + urlencode(asked, quote_via=quote, safe=""))
