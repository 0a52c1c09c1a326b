"""Settings -> parts -> a running monitor. The one place that knows all families; time, files and signals enter here."""

import asyncio
import logging
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from monitor import calibration, suites
from monitor.bank import BUDGET, Bank
from monitor.baseline import Baseline, Gauge, open_baseline
from monitor.canary import Blinded, Canary
from monitor.errors import BaselineError, ConfigError
from monitor.exporters import EXPORTERS
from monitor.exporters.prometheus import process_registry
from monitor.formats import format_of
from monitor.interfaces import Scorer, Target
from monitor.journal import read
from monitor.networked import readers_that_load
from monitor.networks import DEFAULT_MODEL
from monitor.otel import Events
from monitor.pipeline import Feed, Pipeline, Watch
from monitor.prober import JUDGE, Budget, Ledger, Limits, Metered, Prices, Schedule
from monitor.refusal_tier import RefusalTier
from monitor.report import Exporter
from monitor.sampler import Sampler
from monitor.scorers.judge import Judge
from monitor.settings import Files, Kafka, Model, Settings, masked, read_headers, read_secret
from monitor.settings.probes import Budget as BudgetPart
from monitor.settings.probes import Endpoint
from monitor.settings.probes import Refusal as RefusalPart
from monitor.settings.probes import Target as ProbedTarget
from monitor.sources import SOURCES
from monitor.state import State
from monitor.verdict import Channel
from monitor.web.app import application
from monitor.web.board import Board
from monitor.web.server import Server

log = logging.getLogger(__name__)

_DAY_SECS, _MONTHS = 86_400.0, 12.0
_KINDS = ("requests", "tokens", "cost")


class Monitor:
    """One monitor put together from its settings: a pipeline, and the web face that shows it.

    Building it opens and verifies everything that can be wrong (baselines, state, sources' options) and raises
    ConfigError; it starts nothing. `feeds` replaces the sources of the settings, for the demo.
    """

    def __init__(self, settings: Settings, feeds: Mapping[str, Feed] | None = None) -> None:
        gauge = Gauge.standard(readers_that_load(settings.neural))
        self._stopping = threading.Event()
        samplers = _samplers(settings)
        watches = {model.name: _watch(model, gauge, samplers[model.name]) for model in settings.models}
        target = settings.probes.target
        may = target is None or target.allow_adversarial
        packs = suites.load_packs(settings.probes.suites, allow_adversarial=may)
        feeds = dict(_feeds(settings, self._stopping)) if feeds is None else feeds
        self.registry = process_registry()
        self.board = Board(now=time.time)
        exporters: list[Exporter] = [make(registry=self.registry, now=time.time) for make in EXPORTERS.values()]
        self._state = State(settings.state.path, dead_letters=settings.limits.dead_letters)
        ledger = Ledger(settings.state.path, prompts=_prompts(packs))
        self._canary, self._judge, self._events = None, _judge(settings), None
        if settings.probed is not None:
            try:
                scorers = _tier(settings.probes.refusal).scorers()
            except ConfigError as error:
                log.error("probes are blind, the traffic is watched: %s", error)  # noqa: TRY400 - its text says all
                watches[settings.probed].canary = Blinded(str(error), at=time.time())
            else:
                self._events = _events(settings, watches[settings.probed].bank.baseline.id)
                self._canary = _canary(settings, packs, ledger, scorers, self._judge, self._events)
                watches[settings.probed].canary = self._canary
        self.pipeline = Pipeline(
            namespace=settings.namespace,
            feeds=feeds,
            watches=watches,
            state=self._state,
            exporters=[*exporters, self.board],
            now=time.time,
            clock=time.monotonic,
            wait=self._stopping.wait,
            snapshot_secs=settings.state.snapshot_secs,
            batch_records=settings.limits.batch_records,
            blind_after_secs=settings.limits.blind_after_secs,
            keep_bodies=settings.privacy.store_text == "full",
            probes=ledger,
            queue=settings.neural.queue,
        )
        self._web = settings.web
        self._config = masked(settings)

    @contextmanager
    def serving(self) -> Iterator[Server]:
        """The web face, while it is open."""
        app = application(
            board=self.board,
            registry=self.registry,
            loop_age=lambda: time.monotonic() - self.pipeline.looped_at,
            config=self._config,
        )
        with Server(app, host=self._web.host, port=self._web.port) as server:
            yield server

    def run(self) -> None:
        """Reads until the sources end or the process is told to stop; then stores, commits and closes. Probes are put
        meanwhile, in a thread of their own."""
        try:
            with ExitStack() as beside:
                if self._events is not None:
                    beside.enter_context(self._events)
                if self._canary is not None:
                    beside.enter_context(_alongside(self._canary))
                self.pipeline.run()
        finally:
            self._state.close()
            if self._judge is not None:
                self._judge.close()

    def stop(self, _signal: int = 0, _frame: FrameType | None = None) -> None:
        """Ends `run` soon, with everything stored. Fit to be a signal handler."""
        self._stopping.set()
        self.pipeline.stop()


def serve(settings: Settings) -> None:
    """`tidegauge run`: the monitor until SIGTERM or SIGINT, or until every source has ended."""
    monitor = Monitor(settings)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, monitor.stop)
    with monitor.serving() as server:
        log.info("status page and series on port %d", server.port)
        monitor.run()
    if monitor.pipeline.stored:
        log.info("stopped; the state is stored")
    else:
        log.error(
            "stopped; the state could not be stored: what came since the last save is read again at the next start"
        )


def _samplers(settings: Settings) -> dict[str, Sampler]:
    """Per model its sampler: one of its own, or one for all."""
    sampling = settings.sampling
    by_kind = "stratum" in sampling.stratify_by
    shared = Sampler(sampling.target_per_sec, by_kind=by_kind)
    own = "model" in sampling.stratify_by
    return {m.name: Sampler(sampling.target_per_sec, by_kind=by_kind) if own else shared for m in settings.models}


def _prompts(packs: Sequence[suites.Suite]) -> frozenset[str]:
    return frozenset(ask.turns[-1].content for pack in packs for ask in suites.asks(pack, packs))


def _tier(part: RefusalPart | None) -> RefusalTier:
    if part is None or part.tier == "base":
        return RefusalTier()
    encoder = part.encoder if part.classifier is not None else part.encoder or DEFAULT_MODEL
    return RefusalTier(encoder, part.classifier, part.label, part.revision, part.offline)


def _canary(
    settings: Settings,
    packs: Sequence[suites.Suite],
    ledger: Ledger,
    scorers: dict[str, Scorer],
    judge: Judge | None,
    events: Events | None,
) -> Canary:
    probes, target = settings.probes, settings.probes.target
    assert target is not None
    assert settings.state.path is not None
    folder = settings.state.path / "probes"
    when = probes.schedule
    every = _DAY_SECS if when.every is None and when.cron is None else when.every
    schedule = Schedule(every_secs=every, cron=when.cron, zone=when.zone, jitter_secs=when.jitter)
    model = next(model for model in settings.models if model.name == settings.probed)
    if judge is not None:
        scorers[JUDGE] = judge
    share = BUDGET[Channel.PROBES] + BUDGET[Channel.IDENTITY]
    reference_baseline = None if probes.reference is None else probes.reference.baseline
    return Canary(
        packs=packs,
        target=_target(target, serves=target.serves, api=target.api, stream=target.stream, timeout_secs=target.timeout),
        scorers=scorers,
        schedule=schedule,
        folder=folder,
        budget=partial(_budget, probes.budget, folder, of="run"),
        ledger=ledger,
        baseline=None if probes.baseline is None else read(probes.baseline),
        calibration=None if probes.calibration is None else calibration.read(probes.calibration, scorers),
        reference=None if probes.reference is None else _target(probes.reference),
        reference_baseline=None if reference_baseline is None else read(reference_baseline),
        key=b"" if probes.draw_key_file is None else read_secret(probes.draw_key_file).encode(),
        false_alarms_per_year=_MONTHS * model.false_pages_per_month * share,
        events=events,
        concurrency=target.concurrency,
        spread_secs=when.spread,
        now=time.time,
        pause=asyncio.sleep,
    )


def _events(settings: Settings, baseline: str) -> Events | None:
    otel, target = settings.otel, settings.probes.target
    if otel is None or target is None or settings.probed is None:
        return None
    about = {
        "gen_ai.request.model": target.model,
        "tidegauge.namespace": settings.namespace,
        "tidegauge.model": settings.probed,
        "tidegauge.baseline": baseline,
    }
    headers = {} if otel.headers_file is None else read_headers(otel.headers_file)
    return Events(endpoint=otel.endpoint, headers=headers, about=about)


def _judge(settings: Settings) -> Judge | None:
    judge, place = settings.probes.judge, settings.state.path
    if judge is None or place is None or settings.probed is None:
        return None
    return Judge(Metered(_target(judge), _budget(settings.probes.budget, place / "probes")))


def _budget(most: BudgetPart, folder: Path, of: str | None = None) -> Budget:
    """The day's bounds, which all share, and those of one run."""
    run, day = (Limits(*(getattr(most, f"{kind}_per_{span}") for kind in _KINDS)) for span in ("run", "day"))
    prices = Prices(most.prompt_price, most.completion_price)
    return Budget(run if of == "run" else None, day, prices=prices, path=folder / "budget", now=time.time)


def _target(part: ProbedTarget | Endpoint, **more: Any) -> Target:
    from monitor.targets import open_target  # noqa: PLC0415 - brings httpx: without probes a monitor is 5 MB smaller

    return open_target(base_url=part.base_url, model=part.model, api_key_file=part.api_key_file, **more)


@contextmanager
def _alongside(canary: Canary) -> Iterator[None]:
    """Runs the canary in a thread, and ends it with the block. An error of its own is logged and leaves the traffic
    watched: no success is exported from then on."""
    loop = asyncio.new_event_loop()
    task = loop.create_task(canary.run())

    def live() -> None:
        try:
            loop.run_until_complete(task)
        except asyncio.CancelledError:
            pass
        except Exception:
            log.exception("probes ended by an error; the traffic is watched further")
        finally:
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()

    thread = threading.Thread(target=live, name="probes", daemon=True)
    thread.start()
    try:
        yield
    finally:
        with suppress(RuntimeError):  # it has ended, and its loop is closed
            loop.call_soon_threadsafe(task.cancel)
        thread.join()


def _watch(model: Model, gauge: Gauge, sampler: Sampler) -> Watch:
    baseline = open_baseline(model.baseline, gauge)
    _check_owner(model, baseline)
    _tell_readers(model, baseline, gauge)
    for name in model.min_effect:
        if name not in baseline.manifest.signals:
            near = get_close_matches(name, baseline.manifest.signals, n=1)
            hint = f"did you mean {near[0]}?" if near else "docs/signals.md lists them"
            raise ConfigError(f"models: min_effect of {model.name}: there is no signal {name}; {hint}")
    bank = Bank(
        name=model.name,
        baseline=baseline,
        false_pages_per_month=model.false_pages_per_month,
        exchanges_per_month=model.exchanges_per_month,
        min_effect=model.min_effect,
        seed=model.seed,
    )
    return Watch(model.model_glob, model.match.adapter, bank, sampler)


def _tell_readers(model: Model, baseline: Baseline, gauge: Gauge) -> None:
    for reader in baseline.gauge.readers:
        if reader.trouble:
            log.warning("model %s: %s is blind: %s", model.name, reader.name, reader.trouble)
    for reader in gauge.readers:
        if reader.name not in baseline.manifest.readers:
            log.warning(
                "model %s: its baseline was built without %s, which is left out; build it with --config to have it",
                model.name,
                reader.name,
            )


def _check_owner(model: Model, baseline: Baseline) -> None:
    if baseline.manifest.model != model.name:
        raise BaselineError(
            f"models: {model.baseline} is the baseline of model {baseline.manifest.model!r}, not of {model.name!r}: "
            "give the right baseline, or build one with --model"
        )


def _feeds(settings: Settings, stopping: threading.Event) -> Iterator[tuple[str, Feed]]:
    """Each source under the name that labels its series: its kind, numbered from the second of a kind on."""
    seen: dict[str, int] = {}
    for source in settings.sources:
        part = source.kafka or source.files
        assert part is not None
        kind = "kafka" if source.kafka else "files"
        seen[kind] = seen.get(kind, 0) + 1
        name = kind if seen[kind] == 1 else f"{kind}-{seen[kind]}"
        options = _kafka_options(part) if isinstance(part, Kafka) else _file_options(part, stopping)
        options |= {"max_record_bytes": settings.limits.max_record_bytes}
        live = isinstance(part, Kafka) or part.follow
        yield name, Feed(SOURCES[kind](**options), format_of(part.format), live=live)


def _kafka_options(part: Kafka) -> dict[str, Any]:
    options = part.model_dump(exclude={"format", "password_file"})
    options["password"] = None if part.password_file is None else partial(read_secret, part.password_file)
    return options


def _file_options(part: Files, stopping: threading.Event) -> dict[str, Any]:
    paths = [str(path) for path in part.paths]
    return {"paths": paths, "follow": part.follow, "wait": stopping.wait, "stdin": getattr(sys.stdin, "buffer", None)}
