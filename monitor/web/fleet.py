"""Several models: how many need a look, the worst in short, and all of them in a list, worst first."""

from collections import Counter
from collections.abc import Sequence
from html import escape
from urllib.parse import quote

from monitor.report import ModelReport
from monitor.web.answers import answers
from monitor.web.html import address, at, place, plain, table, tag
from monitor.web.plot import meter
from monitor.web.shown import Shown
from monitor.web.words import CALM, WORST_FIRST

SHOWN_FIRST = 3
"""Of the models that need a look so many are told of at once; the others stand in the list."""


def worst_first(models: Sequence[ModelReport]) -> list[ModelReport]:
    """By verdict, then by the evidence they have of what is needed."""
    return sorted(models, key=lambda m: (WORST_FIRST.index(m.verdict), -m.ratio, m.name))


def fleet(models: Sequence[ModelReport], namespace: str, time: float) -> str:
    """The page of several models, which come worst first."""
    looked_at = [m for m in models if m.verdict not in CALM]
    need = f"{len(looked_at)} of {len(models)} models {'needs' if len(looked_at) == 1 else 'need'} a look"
    said = need if looked_at else f"None of {len(models)} models needs a look"
    counted = Counter(m.verdict for m in models)
    each = ", ".join(f"{n} {plain(verdict)}" for verdict, n in counted.items())
    parts = [f'<section><h1 class="answer {models[0].verdict}">{said}</h1><p class="lead">{each}</p></section>']
    for model in looked_at[:SHOWN_FIRST]:
        shown = Shown(model=model, looks=(), time=time)
        parts.append(
            f'<section class="model" id="{quote(f"model-{model.name}", safe="")}">{answers(shown, namespace, level=2)}'
            f'<p><a href="{address(model.name)}">All about {escape(model.name)}</a></p></section>'
        )
    return "".join((*parts, f'<section id="models">{_list(models)}</section>'))


def _list(models: Sequence[ModelReport]) -> str:
    rows = [
        (
            f'<a href="{address(m.name)}">{escape(m.name)}</a>',
            tag(m.verdict),
            f"{meter(m.ratio, 'calm' if m.verdict in CALM else str(m.verdict))} {m.ratio:.0%}",
            _since(m),
        )
        for m in models
    ]
    head = ("model", "verdict", "evidence, of what is needed", "since")
    return table(head, rows, extra=(3,), caption="All models, worst first", names=[m.name for m in models])


def _since(model: ModelReport) -> str:
    """Where what holds began: of an incident with its time, else where the verdict turned."""
    if model.blind:
        return f"–{at(model.last_record_time)}"
    began = next((i for i in model.incidents if i.closed is None and i.verdict is model.verdict), None)
    return place(model.spans[-1].from_exchange, None) if began is None else place(began.onset, began.onset_time)
