"""The command `tidegauge`: parses, calls, prints. No logic."""

import json
import logging
import os
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.markup import escape
from rich.table import Table
from threadpoolctl import threadpool_limits

from monitor import (
    __version__,
    backtest,
    baseline,
    demo,
    evaluation,
    networked,
    probe_commands,
    scorer_commands,
    service,
    settings,
)
from monitor.asking import ask, read_json
from monitor.baseline import Gauge
from monitor.console import Json, err, out, percent, progress
from monitor.errors import ConfigError, TidegaugeError
from monitor.settings.neural import Neural
from monitor.sufficiency import leftovers
from monitor.verdict import second_opinions
from monitor.web.detectable import changed, shown
from monitor.web.numbers import readable

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
baseline_app = typer.Typer(no_args_is_help=True, help="Baselines: what the model was when it was evaluated.")
config_app = typer.Typer(no_args_is_help=True, help="Settings: check them, show what is in force, print the schema.")
app.add_typer(baseline_app, name="baseline")
app.add_typer(config_app, name="config")
app.add_typer(probe_commands.app, name="probe")
app.add_typer(scorer_commands.app, name="scorer")

Networks = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="Settings file whose `neural` says which networks read; default: none do."),
]
Address = Annotated[str, typer.Option(help="Address of a running monitor.")]
Config = Annotated[Path | None, typer.Option("--config", "-c", help="Settings file (YAML).")]

_STYLE = {
    "steady": "green",
    "explained": "blue",
    "unexplained": "bold red",
    "out_of_support": "yellow",
    "insufficient": "dim",
    "blind": "magenta",
}
_HERE = "http://127.0.0.1:9464"
_EXIT = {"unexplained": 1, "blind": 3, "insufficient": 3}


def main() -> None:
    """Runs the command. An error of the operator is one line (or one per problem) on stderr and exit code 2."""
    logging.getLogger("monitor").addHandler(logging.NullHandler())  # only `run` shows logs
    try:
        with threadpool_limits(limits=1, user_api="blas"):
            app()
    except TidegaugeError as error:
        for line in str(error).splitlines():
            err.print(f"tidegauge: {line}", markup=False)
        sys.exit(2 if isinstance(error, ConfigError) else 1)


def _version(asked: bool) -> None:
    if asked:
        out.print(__version__)
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Watches deployed fine-tuned language models for behaviour change that their users do not explain."""


@app.command()
def run(
    config: Config = None,
    port: Annotated[int | None, typer.Option(help="Overrides web.port.")] = None,
    log_level: Annotated[str, typer.Option(help="debug, info, warning or error.")] = "info",
) -> None:
    """Run the monitor until it is told to stop, or until finite sources end."""
    level = logging.getLevelNamesMapping().get(log_level.upper())
    if level is None:
        raise ConfigError(f"--log-level: {log_level!r} is not one of debug, info, warning, error")
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("kafka").setLevel(max(level, logging.ERROR))
    overrides = {} if port is None else {"web.port": port}
    service.serve(settings.load(config, overrides, os.environ))


@app.command("demo")
def run_demo(
    port: Annotated[int, typer.Option(help="Port of the status page.")] = 9464,
    host: Annotated[str, typer.Option(help="Address of the status page.")] = "127.0.0.1",
    headless: Annotated[bool, typer.Option(help="No server, full speed.")] = False,
    as_json: Json = False,
    once: Annotated[bool, typer.Option(help="End when the recording ends, instead of keeping the page up.")] = False,
) -> None:
    """Recorded exchanges of a real model: users change, then the model is swapped, then all is as before."""
    if headless:
        result = demo.headless()
        if as_json:
            print(json.dumps(result))
        else:
            _print_spans(result["verdicts"])
        return
    stop = threading.Event()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a container's stop is a Ctrl-C too
    with demo.prepared(host=host, port=port, pause_secs=0.5, wait=stop.wait) as monitor, monitor.serving() as server:
        out.print(f"Status page  http://{host}:{server.port}/")
        out.print(f"Series       http://{host}:{server.port}/metrics")
        out.print("Watch the verdict: steady, explained (users ask other things), unexplained (the model is")
        out.print("swapped for a fine-tune), steady again. It takes about a minute. Ctrl-C ends it.\n")
        try:
            _follow(monitor, stop, keep=not once)
        except KeyboardInterrupt:
            monitor.stop()
            stop.set()


def _follow(monitor: service.Monitor, stop: threading.Event, *, keep: bool) -> None:
    """Runs the monitor beside a line per turn of its verdict; then keeps its page up if asked."""
    reading = ThreadPoolExecutor(1).submit(monitor.run)
    shown = 0
    while True:
        running = not reading.done()
        report = monitor.board.latest()
        spans = [] if report is None else demo.verdicts(report.models[0])
        for span in spans[shown:]:
            out.print(f"exchange {span['from_exchange']:>5}  [{_STYLE[str(span['verdict'])]}]{span['verdict']}[/]")
        shown = len(spans)
        if not running:
            break
        stop.wait(0.5)
    reading.result()  # raises what ended it, if not the recording's end
    if keep:
        out.print("\nThe recording has ended; the page stays up until Ctrl-C.")
        while not stop.wait(1.0):
            monitor.pipeline.idle()


def _print_spans(spans: Any) -> None:
    table = Table("verdict", "from exchange", "to exchange", box=None)
    for span in spans:
        table.add_row(
            f"[{_STYLE[span['verdict']]}]{span['verdict']}[/]", str(span["from_exchange"]), str(span["to_exchange"])
        )
    out.print(table)


@baseline_app.command("build")
def build(
    paths: Annotated[
        list[Path], typer.Argument(help="Files of the evaluation run (JSONL, also .gz), any known format.")
    ],
    output: Annotated[Path, typer.Option("--out", "-o", help="Folder of the new baseline.")],
    model: Annotated[
        str | None, typer.Option(help="Name of the model in the monitor; default: the one in the files.")
    ] = None,
    record_format: Annotated[str, typer.Option("--format", help="Format of the records.")] = "auto",
    siblings: Annotated[
        list[Path] | None,
        typer.Option(
            help="Answers of another model like it (its base, an earlier checkpoint), best to the same prompts: shows "
            "what a change of the model looks like here. Give it once for each file."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of folds and topics.")] = 0,
    config: Networks = None,
    as_json: Json = False,
) -> None:
    """Build a baseline from the exchanges of an evaluation run."""
    baseline.ensure_free(output)
    with progress(quiet=as_json) as bar:
        task = bar.add_task("reading", total=None)
        run = evaluation.read(paths, record_format, on_progress=lambda n: bar.update(task, completed=n))
        others = [evaluation.read([path], record_format, on_progress=lambda _: None) for path in siblings or []]
        gauge = _gauge(config)
        bar.update(task, total=len(run.exchanges), completed=len(run.exchanges), description="building")
        members = baseline.build(
            run.exchanges,
            model=run.model_name(model),
            data=run.digests,
            gauge=gauge,
            siblings=[exchanges for other in others for exchanges in evaluation.by_model(other.exchanges)],
            sibling_data={name: digest for other in others for name, digest in other.digests.items()},
            seed=seed,
        )
    baseline.write(members, output)
    for reason, n in run.left_out.items():
        err.print(f"left out {n} records: {reason}")
    _show(output, as_json)


@baseline_app.command("show")
def show(path: Path, as_json: Json = False) -> None:
    """Show what a baseline holds, after verifying it."""
    _show(path, as_json)


@baseline_app.command("verify")
def verify(path: Path) -> None:
    """Verify every digest of a baseline."""
    opened = baseline.open_baseline(path, Gauge.standard(), as_built=True)
    out.print(
        f"{path}: intact; baseline {opened.id} of model {opened.manifest.model}, {opened.manifest.exchanges} exchanges"
    )


def _gauge(config: Path | None) -> Gauge:
    """With the networks that the settings file names; without one no network reads anything."""
    neural = Neural() if config is None else settings.load(config, {}, os.environ).neural
    return Gauge.standard(networked.readers(neural))


def _show(path: Path, as_json: bool) -> None:
    opened = baseline.open_baseline(path, Gauge.standard(), as_built=True)
    left = leftovers(opened)
    summary = {**baseline.summary(opened), "unexplained_by_inputs": [x._asdict() for x in left]}
    if as_json:
        print(json.dumps(summary))
        return
    out.print(
        f"Baseline [bold]{summary['id']}[/] of model [bold]{summary['model']}[/], {summary['exchanges']:,} exchanges"
    )
    topics = Table("topic (typical words)", "share", box=None)
    for topic in sorted(summary["topics"], key=lambda t: -t["share"]):
        topics.add_row(topic["name"], f"{topic['share']:.0%}")
    signals = Table("signal", "mean", "spread", "applies", "explained by inputs", box=None)
    for name, known in summary["signal_statistics"].items():
        signals.add_row(
            name,
            *(_cell(known[k]) for k in ("mean", "spread")),
            *(percent(known[k]) for k in ("applies", "explained_by_inputs")),
        )
    out.print(topics, signals)
    unseen = summary["unseen_words"]
    out.print(
        f"Words of a prompt that the rest of the baseline never used: {unseen['median']:.0%}; "
        f"one prompt in a hundred has {unseen['most']:.0%} or more."
    )
    if not left:
        out.print(
            "Context: sufficient. Prompts of one topic, or with one word, alone would not make answers look moved."
        )
    for x in left[:5]:
        out.print(
            f"Context: [bold]not sufficient[/]. Prompts about {x.topic} alone would move {x.signal} by {x.shift:+.2f} "
            f"spreads ({x.n} exchanges)."
        )


def _cell(x: float | None) -> str:
    return "–" if x is None else f"{x:.3f}"


@app.command("backtest")
def run_backtest(
    baseline_path: Annotated[Path, typer.Option("--baseline", help="Baseline of the model.")],
    traffic: Annotated[list[Path], typer.Option(help="A file of traffic (JSONL, also .gz); once per file, in order.")],
    more: Annotated[list[Path] | None, typer.Argument(metavar="[F]...", help="More files, after those.")] = None,
    record_format: Annotated[str, typer.Option("--format", help="Format of the records.")] = "auto",
    model: Annotated[str | None, typer.Option(help="Glob of the served name; default: the baseline's model.")] = None,
    exchanges_per_month: Annotated[float | None, typer.Option(help="Traffic; default: measured from times.")] = None,
    false_pages_per_month: Annotated[float, typer.Option(help="The error budget.")] = 1.0,
    html: Annotated[Path | None, typer.Option(help="Write a report with plots, one self-contained file.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the report.")] = False,
    config: Networks = None,
    as_json: Json = False,
) -> None:
    """Replay recorded traffic: what would have paged and when. Exit code 1 when something would have."""
    _ensure_free("--html", html, force=force)
    paths = [*traffic, *(more or [])]
    opened = baseline.open_baseline(baseline_path, _gauge(config))
    for reader in opened.gauge.readers:
        if reader.trouble:
            err.print(f"{reader.name} is blind: {reader.trouble}", markup=False)
    with progress(quiet=as_json) as bar:
        task = bar.add_task("replaying", total=None if bar.disable else backtest.lines_in(paths))
        done = backtest.replay(
            paths,
            opened,
            record_format=record_format,
            model_glob=model,
            exchanges_per_month=exchanges_per_month,
            false_pages_per_month=false_pages_per_month,
            on_progress=lambda n: bar.update(task, completed=n),
        )
    if html is not None:
        _write("--html", html, backtest.render(done))
    if as_json:
        print(json.dumps(backtest.plain(done)))
    else:
        _print_backtest(done, html)
    raise typer.Exit(1 if done.pages else 0)


def _ensure_free(flag: str, path: Path | None, *, force: bool) -> None:
    if path is not None and path.exists() and not force:
        raise ConfigError(f"{flag}: {path} exists already: choose another name, or overwrite it with --force")


def _write(flag: str, path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{flag}: cannot write {path}: {error.strerror}") from None


def _print_backtest(done: backtest.Replay, html: Path | None) -> None:
    report = done.report
    out.print(f"[{'bold red' if done.pages else 'bold'}]{backtest.headline(done)}[/]")
    for sentence in backtest.certainty(done):
        out.print(sentence, markup=False)
    recorded = backtest.span_of_time(done.first_time, done.last_time)
    out.print(
        f"{report.name}: {report.exchanges:,} exchanges{f', {recorded}' if recorded else ''}, "
        f"against baseline {report.baseline_id} of {report.baseline_exchanges:,}\n",
        markup=False,
    )
    _print_spans(backtest.plain(done)["verdicts"][-12:])
    if done.incidents:
        out.print()
        out.print(_incident_table(done))
    promised, seen = backtest.false_pages(done.false_pages)
    out.print(f"\nFalse pages, promised: {promised}\nFalse pages, seen here: {seen}\n", markup=False)
    out.print("Smallest change that would have been seen, about (lasting, in one signal alone):")
    out.print(_smallest_table(done))
    for reason, n in done.left_out.items():
        err.print(f"left out {n} records: {reason}", markup=False)
    if html is not None:
        out.print(f"\nReport with plots: {html}", markup=False)


def _incident_table(done: backtest.Replay) -> Table:
    def place(exchange: int, time: float | None) -> str:
        return f"{exchange:,}  [dim]{backtest.stamp(time)}[/]"

    table = Table("incident", "pages", "began about", "certain at", "over at", "what moved", box=None)
    for i in done.incidents[-10:]:
        moved = escape("; ".join(mover.move for mover in i.movers[:3]))
        pages = "[bold]yes[/]" if i.verdict in backtest.PAGING else "no"
        over = "still open" if i.closed is None else place(i.closed, i.closed_time)
        began, certain = place(i.onset, i.onset_time), place(i.opened, i.opened_time)
        if i.opinions:
            began += f"\n[dim]{second_opinions(i)}[/]"
        table.add_row(f"[{_STYLE[i.verdict]}]{i.verdict}[/]", pages, began, certain, over, moved)
    return _folded_at(table, "what moved")


def _smallest_table(done: backtest.Replay) -> Table:
    table = Table("signal", "change", "baseline", "changed", "in spreads", "values", box=None)
    for column, known in shown(done.signals, 5)[:6]:
        before, after = readable(column.baseline, column.unit), readable(changed(column, known), column.unit)
        spreads = "–" if known.effect is None else f"{known.effect:+.2f}"
        table.add_row(column.name, known.move or "–", before, after, spreads, f"{column.samples:,}")
    return _folded_at(table, "change")


def _folded_at(table: Table, header: str) -> Table:
    """The table, of which a narrow terminal folds that column alone."""
    for column in table.columns:
        column.no_wrap = column.header != header
    return table


@config_app.command("check")
def config_check(config: Config = None) -> None:
    """Check the settings; exit code 2 and a line per problem when something is wrong."""
    out.print(settings.summary(settings.load(config, {}, os.environ), config))


@config_app.command("show")
def config_show(config: Config = None, as_json: Json = False) -> None:
    """Show the settings in force and where each comes from, secrets masked."""
    rows = settings.rows(settings.resolve(config, {}, os.environ))
    if as_json:
        print(json.dumps([{"key": r.key, "value": json.loads(r.value), "origin": r.origin} for r in rows]))
        return
    table = Table("key", "value", "from", box=None)
    for row in rows:
        table.add_row(row.key, row.value, row.origin)
    out.print(table)


@config_app.command("schema")
def config_schema() -> None:
    """Print the JSON schema of the settings."""
    print(json.dumps(settings.json_schema(), indent=2))


@app.command()
def verdict(
    url: Address = _HERE,
    as_json: Json = False,
) -> None:
    """Ask a running monitor. Exit code 0 steady, 1 unexplained, 3 blind or insufficient."""
    models = read_json(url, ask(url, "/api/v1/verdicts"))
    if as_json:
        print(json.dumps(models))
    else:
        _print_verdicts(models)
    codes = [_EXIT.get(m["verdict"], 0) for m in models] or [3]
    raise typer.Exit(1 if 1 in codes else max(codes))


@app.command("report")
def write_report(
    incident: Annotated[str, typer.Option(help="Id of the incident, as the status page and the API name it.")],
    output: Annotated[Path, typer.Option("--out", "-o", help="The report: one HTML file that loads nothing.")],
    json_path: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="The same as JSON.")] = None,
    url: Address = _HERE,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files.")] = False,
) -> None:
    """Keep all that a running monitor knows of an incident, for whoever looks into it later."""
    files = {"--out": output} | ({} if json_path is None else {"--json": json_path})
    for flag, path in files.items():
        _ensure_free(flag, path, force=force)
    asked = f"?id={quote(incident, safe='')}"
    told = ask(url, f"/api/v1/incident{asked}", absent=incident)
    read_json(url, told)
    texts = {"--out": ask(url, f"/incident.html{asked}", absent=incident), "--json": told}
    for flag, path in files.items():
        _write(flag, path, texts[flag].decode())
        out.print(f"Written: {path}", markup=False)


def _print_verdicts(models: Any) -> None:
    table = Table("model", "verdict", "most evidence", "exchanges", "meaning", box=None)
    for m in models:
        channel, known = max(m["evidence"].items(), key=lambda of: _part(of[1]))
        evidence = f"{channel} {_cell(known['evidence_log10'])} of {known['threshold_log10']:.1f}"
        table.add_row(
            m["name"], f"[{_STYLE[m['verdict']]}]{m['verdict']}[/]", evidence, f"{m['exchanges']:,}", m["meaning"]
        )
    out.print(table)
    for m in models:
        for incident in m["incidents"]:
            if incident["closed"] is None:
                moved = "; ".join(mover["move"] for mover in incident["movers"])
                out.print(
                    f"{m['name']}: {incident['verdict']} since about exchange {incident['onset']}: {moved}",
                    markup=False,
                )


def _part(known: Any) -> float:
    """How much of the evidence that is needed a channel has."""
    return (known["evidence_log10"] or 0.0) / (known["threshold_log10"] or 1.0)
