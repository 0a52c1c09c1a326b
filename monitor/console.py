"""The terminal: where results and errors go, and how progress is shown."""

import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

_IN_A_PIPE = 500  # columns: what a program reads is never folded
out = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else _IN_A_PIPE)
err = Console(stderr=True, highlight=False, soft_wrap=True)

RefusalEncoder = Annotated[
    str | None,
    typer.Option(help="Helps to tell refusals: id or folder of all-MiniLM-L6-v2. Extra neural."),
]
RefusalClassifier = Annotated[
    str | None, typer.Option(help="Tells refusals: id or folder of a sequence classifier. Extra neural.")
]
RefusalLabel = Annotated[str | None, typer.Option(help="Its label that counts. Default: the one that means a refusal.")]
RefusalRevision = Annotated[str | None, typer.Option(help="Branch, tag or commit of that id.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def progress(*, quiet: bool) -> Progress:
    """A bar on a terminal's stderr; nothing in a pipe, or when `quiet`."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=err, transient=True, disable=quiet or not err.is_terminal)


def percent(x: float | None) -> str:
    """A share as a whole percentage, a dash for None."""
    return "–" if x is None else f"{x:.0%}"
