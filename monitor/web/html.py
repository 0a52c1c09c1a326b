"""Parts of a page that every page is made of. What is given as text is escaped by whoever gives it."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime


def table(head: Iterable[str], rows: Iterable[Iterable[str]], numbers: Sequence[int] = ()) -> str:
    """A table; the columns in `numbers` are set to the right."""
    side = [' class="n"' if i in numbers else "" for i in range(8)]
    top = "".join(f'<th scope="col"{side[i]}>{h}</th>' for i, h in enumerate(head))
    body = "".join(
        "<tr>" + "".join(f"<td{side[i]}>{cell}</td>" for i, cell in enumerate(row)) + "</tr>" for row in rows
    )
    return f'<div class="scroll"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'


def plain(word: str) -> str:
    """A name as people write it."""
    return word.replace("_", " ")


def at(time: float | None) -> str:
    """A time (Unix seconds) beside what happened then; "" when it is not known."""
    return "" if time is None else f" <small>{datetime.fromtimestamp(time, UTC):%d %b %H:%M} UTC</small>"
