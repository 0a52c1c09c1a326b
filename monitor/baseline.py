"""The datum: an evaluation run as a folder of plain arrays and a manifest with a digest of each.

    manifest.json      what it is: model, counts, columns, topics, digests of data and members
    exchanges.npz      inputs, signals and residuals of each exchange (numbers, never text)
    conditional.npz    the fitted model of signals given inputs
    plain.npz          the same without what prompts mean, for when no encoder can be had; only beside one that has it
    space.npz          the space in which styles of answers are placed

A baseline never moves by itself. Opening one verifies every digest.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor import __version__, spaces
from monitor.batch import Batch
from monitor.conditional import Conditional, Conditioned
from monitor.errors import BaselineError
from monitor.extractors import EXTRACTORS
from monitor.interfaces import Column, Extractor, Matrix, Measured, Role
from monitor.readers import Absent, Known, Reader, matched
from monitor.records import Exchange
from monitor.stats.means import column_means, column_spreads
from monitor.stats.repeats import first_of_each
from monitor.stats.space import Space
from monitor.vocabulary import Vocabulary
from monitor.wording import Wording

SCHEMA = 4
MIN_EXCHANGES = 60
"""Below this a fold is too small to learn strata from; a few hundred are wanted."""

_NAMING = 48
_MEMBERS = ("exchanges.npz", "conditional.npz", "space.npz")
_PLAIN = "plain.npz"


class Topic(msgspec.Struct, frozen=True):
    """A topic of the baseline's prompts: its most typical words and its share of the baseline."""

    name: str
    share: float


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a baseline says about itself. Times are Unix seconds of the evaluated exchanges, None when unknown.
    `inputs` and `signals` are the names of columns in the order of the arrays, `words` those that several prompts used
    and that tell what prompts are about; `data` maps the name of each file it was built from to its SHA-256, `siblings`
    those of other models; the space of styles was learned on `space_models` models; `members` has the digests of the
    artefact's own files; `repeats` counts exchanges left out because their prompt, or their conversation, was there;
    `readers` are the neural ones, by name; `plain_topics` the topics of prompts by their words alone, none where that
    is how `topics` were found."""

    schema: int
    tidegauge: str
    model: str
    adapters: list[str]
    exchanges: int
    repeats: int
    first_time: float | None
    last_time: float | None
    seed: int
    inputs: list[str]
    signals: list[str]
    words: list[str]
    topics: list[Topic]
    data: dict[str, str]
    siblings: dict[str, str]
    space_models: int
    readers: dict[str, Known]
    plain_topics: list[Topic]
    members: dict[str, str]


class _Schema(msgspec.Struct, frozen=True):
    """What is read first: a manifest of another version may hold anything else."""

    schema: int


@dataclass(frozen=True)
class Gauge:
    """All extractors and the columns they measure, and the space in which styles of answers are placed, if one is
    known. `readers` are neural, and slow: what they read of a batch may be handed in, read in another thread."""

    extractors: tuple[Extractor, ...]
    space: Space | None = None
    readers: tuple[Reader | Absent, ...] = ()

    @staticmethod
    def standard(readers: Sequence[Reader | Absent] = ()) -> "Gauge":
        return Gauge(tuple(make() for make in EXTRACTORS.values()), readers=tuple(readers))

    def knowing(self, vocabulary: Vocabulary, space: Space) -> "Gauge":
        """The same with the words and the space of one baseline."""
        return replace(self, extractors=(*self.extractors, vocabulary, Wording(space.words)), space=space)

    @cached_property
    def _columns(self) -> tuple[Column, ...]:
        return tuple(c for extractor in (*self.extractors, *self.readers) for c in extractor.columns)

    @cached_property
    def _places(self) -> Mapping[Role, NDArray[np.int64]]:
        roles = np.array([c.role for c in self._columns])
        return {role: np.flatnonzero(roles == role) for role in Role}

    @cached_property
    def _features(self) -> NDArray[np.int64]:
        place = {c.name: i for i, c in enumerate(self._columns)}
        return np.array([place[name] for name in (self.space.names if self.space else ())], np.int64)

    def columns(self, role: Role) -> tuple[Column, ...]:
        return tuple(self._columns[i] for i in self._places[role])

    def every(self, batch: Batch) -> Matrix:
        """All columns but those of `readers`."""
        return np.hstack([extractor.measure(batch) for extractor in self.extractors])

    def read(self, batch: Batch) -> Matrix:
        """(n, r) the columns of `readers`, if any. Slow."""
        return np.hstack([np.zeros((len(batch), 0)), *(reader.measure(batch) for reader in self.readers)])

    @property
    def reads(self) -> bool:
        """Whether `read` is slow."""
        return any(isinstance(reader, Reader) for reader in self.readers)

    @property
    def must_read(self) -> bool:
        """Whether an exchange that was not read cannot be compared: nobody knows what its prompt means."""
        return bool(self.columns(Role.MEANING))

    @property
    def width_read(self) -> int:
        """Number of columns of `readers`."""
        return sum(len(reader.columns) for reader in self.readers)

    def measure(self, exchanges: Sequence[Exchange], read: Matrix | None = None) -> Measured:
        """Measures a batch; `read` is what `read` gave of it, None: it is read now. Cost: see benchmarks/extract.py."""
        batch = Batch(exchanges)
        every = np.hstack([self.every(batch), self.read(batch) if read is None else read])
        features = every[:, self._features]
        return Measured(
            ids=[e.id for e in exchanges],
            inputs=every[:, self._places[Role.INPUT]],
            words=every[:, self._places[Role.WORD]],
            ngrams=every[:, self._places[Role.CONTEXT]],
            signals=every[:, self._places[Role.SIGNAL]],
            style=features if self.space is None else self.space.place(features),
            prompts=batch.prompt.words,
            roots=batch.roots,
            templates=batch.templates,
            meaning=every[:, self._places[Role.MEANING]],
        )


@dataclass(frozen=True, slots=True)
class Baseline:
    """An opened, verified baseline. `id` is the digest of its manifest: it names the baseline everywhere. `gauge`
    measures what the baseline measured, its words included. `topics` are those of `conditional`. Of its n exchanges:
    `ids`, (n, p) `inputs`, (n, v) `words`, (n, k) `signals`, and `known`, each seen through the model that has not seen
    it."""

    id: str
    manifest: Manifest
    gauge: Gauge
    conditional: Conditional
    topics: Sequence[Topic]
    ids: Sequence[str]
    inputs: Matrix
    words: Matrix
    signals: Matrix
    known: Conditioned


def build(
    exchanges: Sequence[Exchange],
    *,
    model: str,
    data: Mapping[str, str],
    gauge: Gauge,
    siblings: Sequence[Sequence[Exchange]] = (),
    sibling_data: Mapping[str, str] | None = None,
    seed: int = 0,
) -> dict[str, bytes]:
    """The members of a baseline, by file name. Of several answers to one prompt, or in one conversation, the first is
    taken: they are no independent evidence of what the model does. `siblings` are answers of other models like it (its
    base, earlier checkpoints), best to the same prompts: they show what a change of model looks like here.
    BaselineError when there are too few exchanges to learn from."""
    given = len(exchanges)
    exchanges = [exchanges[i] for i in first_of_each(Batch(exchanges).roots.tolist())]
    if len(exchanges) < MIN_EXCHANGES:
        raise BaselineError(
            f"{len(exchanges)} usable exchanges with prompts of their own are too few for a baseline: "
            f"give at least {MIN_EXCHANGES}, better 400 or more"
        )
    vocabulary = Vocabulary.learn(exchanges)
    try:
        space = spaces.learn(siblings, known=spaces.shipped()) if siblings else spaces.shipped()
    except ValueError as error:
        raise BaselineError(f"--siblings: {error}") from None
    measured = gauge.knowing(vocabulary, space).measure(exchanges)
    conditional, known, topics = _fitted(measured, vocabulary, seed)
    members = {
        "exchanges.npz": _npz(
            ids=np.array(measured.ids),
            inputs=measured.inputs,
            words=measured.words.astype(np.uint8),
            signals=measured.signals,
            **_arrays(known),
        ),
        "conditional.npz": _npz(**conditional.arrays()),
        "space.npz": _npz(**space.arrays()),
    }
    plain_topics: list[Topic] = []
    if measured.meaning.shape[1]:
        plain, plainly, plain_topics = _fitted(replace(measured, meaning=measured.meaning[:, :0]), vocabulary, seed)
        members[_PLAIN] = _npz(**plain.arrays(), **_arrays(plainly))
    times = [e.time for e in exchanges if e.time is not None]
    manifest = Manifest(
        schema=SCHEMA,
        tidegauge=__version__,
        model=model,
        adapters=sorted({e.adapter for e in exchanges if e.adapter}),
        exchanges=len(exchanges),
        repeats=given - len(exchanges),
        first_time=min(times, default=None),
        last_time=max(times, default=None),
        seed=seed,
        inputs=[c.name for c in gauge.columns(Role.INPUT)],
        signals=[c.name for c in gauge.columns(Role.SIGNAL)],
        words=list(vocabulary.words),
        topics=topics,
        data=dict(data),
        siblings=dict(sibling_data or {}),
        space_models=space.models,
        readers={reader.name: reader.known() for reader in gauge.readers},
        plain_topics=plain_topics,
        members={name: _digest(content) for name, content in members.items()},
    )
    return {**members, "manifest.json": msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"}


def _fitted(measured: Measured, vocabulary: Vocabulary, seed: int) -> tuple[Conditional, Conditioned, list[Topic]]:
    conditional = Conditional.fit(measured, seed=seed)
    known = conditional.apply(measured)
    return conditional, known, _name_topics(vocabulary.words, measured.words, known.topic, conditional.topics.count)


def _arrays(known: Conditioned) -> dict[str, NDArray[Any]]:
    return {f"known_{field.name}": getattr(known, field.name) for field in fields(Conditioned)}


def _conditioned(arrays: Mapping[str, NDArray[Any]]) -> Conditioned:
    return Conditioned(*(arrays[f"known_{field.name}"] for field in fields(Conditioned)))


def ensure_free(folder: Path) -> None:
    """BaselineError when the folder holds a baseline already."""
    if (folder / "manifest.json").exists():
        raise BaselineError(f"{folder} already holds a baseline, and a baseline never changes: choose another folder")


def write(members: Mapping[str, bytes], folder: Path) -> None:
    """Writes a baseline; the manifest last, so that a folder with one is complete. BaselineError when it cannot."""
    ensure_free(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in members.items():
            (folder / name).write_bytes(content)
    except OSError as error:
        raise BaselineError(f"cannot write the baseline to {folder}: {error.strerror}") from error


def open_baseline(folder: Path, gauge: Gauge, *, as_built: bool = False) -> Baseline:
    """Reads and verifies a folder or a zip. BaselineError names the member that is missing, damaged or too old.

    Readers that the baseline was built with and `gauge` has not, or has another version of, are absent: their signals
    are NaN, and where that is what prompts mean, prompts are compared by their words alone; `as_built`: even then
    `conditional` is the one with their meaning, to be looked at.
    """
    raw = _read(folder, "manifest.json")
    try:
        schema = msgspec.json.decode(raw, type=_Schema).schema
        if schema == SCHEMA:
            manifest = msgspec.json.decode(raw, type=Manifest)
    except msgspec.DecodeError as error:
        raise BaselineError(f"{folder}/manifest.json is not a baseline's manifest: {error}") from None
    if schema != SCHEMA:
        raise BaselineError(f"{folder} has baseline schema {schema}, this version reads {SCHEMA}: build it again")
    contents = {name: _read(folder, name) for name in (*_MEMBERS, *([_PLAIN] if manifest.plain_topics else []))}
    for name, content in contents.items():
        if _digest(content) != manifest.members.get(name):
            raise BaselineError(
                f"{folder}/{name} does not match the digest in its manifest: the baseline was changed or damaged"
            )
    rows, model, space = (_load(contents[name]) for name in _MEMBERS)
    gauge = replace(gauge, readers=matched(gauge.readers, manifest.readers))
    for role, names in ((Role.INPUT, manifest.inputs), (Role.SIGNAL, manifest.signals)):
        if [c.name for c in gauge.columns(role)] != names:
            raise BaselineError(f"{folder} was built with other {role}s than this version measures: build it again")
    plainly = bool(manifest.plain_topics) and not gauge.columns(Role.MEANING) and not as_built
    of_prompts = _load(contents[_PLAIN]) if plainly else {**model, **rows}
    return Baseline(
        id=_digest(raw)[:12] + ("-plain" if plainly else ""),
        manifest=manifest,
        gauge=gauge.knowing(Vocabulary(tuple(manifest.words)), Space.from_arrays(space)),
        conditional=Conditional.from_arrays(of_prompts),
        topics=manifest.plain_topics if plainly else manifest.topics,
        ids=rows["ids"].tolist(),
        inputs=rows["inputs"],
        words=rows["words"].astype(np.float64),
        signals=rows["signals"],
        known=_conditioned(of_prompts),
    )


def _read(place: Path, name: str) -> bytes:
    """A member of a baseline that is a folder, or a zip of one."""
    try:
        if place.is_file():
            with zipfile.ZipFile(place) as archive:
                return archive.read(name)
        return (place / name).read_bytes()
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise BaselineError(f"no baseline at {place}: cannot read {name} ({why})") from None


def _npz(**arrays: NDArray[Any]) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def _load(content: bytes) -> dict[str, NDArray[Any]]:
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _name_topics(words: Sequence[str], used: Matrix, topic: NDArray[np.int32], count: int) -> list[Topic]:
    """Names each topic by those of the strongest words that are most typical of its prompts against all others;
    the last one is that of prompts without a word that tells."""
    words, used = words[:_NAMING], used[:, :_NAMING]
    everywhere = used.mean(axis=0)
    out = []
    for t in range(count):
        share = float((topic == t).mean())
        within = used[topic == t].mean(axis=0) if share else np.zeros(len(words))
        lift = within * np.log(np.maximum(within, 1e-9) / np.maximum(everywhere, 1e-9))
        typical = [words[i] for i in np.argsort(-lift, kind="stable")[:3] if lift[i] > 0]
        other = "anything else" if t == count - 1 else f"other prompts {t + 1}"
        out.append(Topic(name=", ".join(typical) or other, share=round(share, 4)))
    return out


def summary(baseline: Baseline) -> dict[str, Any]:
    """What `baseline show` prints, as plain data: the manifest, and of each signal its mean, its spread, how often it
    applies, and the share of its variance that the inputs explain (cross-fitted); of a prompt's words, the share that
    the other folds do not know."""
    signals = baseline.signals
    seen = ~np.isnan(signals)
    mean = column_means(signals, none=0.0)
    spread = column_spreads(signals, none=0.0)
    left = column_means((signals - baseline.known.expected) ** 2, none=0.0)
    explained = np.clip(1 - left / np.maximum(spread**2, 1e-12), 0, 1)
    unseen = baseline.known.novelty[:, 0]
    return {
        "id": baseline.id,
        "unseen_words": {"median": float(np.median(unseen)), "most": float(np.quantile(unseen, 0.99))},
        **json.loads(msgspec.json.encode(baseline.manifest)),
        "signal_statistics": {
            name: {
                "applies": round(float(seen[:, i].mean()), 4),
                "mean": float(mean[i]) if seen[:, i].any() else None,
                "spread": float(spread[i]) if seen[:, i].any() else None,
                "explained_by_inputs": round(float(explained[i]), 4) if spread[i] > 0 else None,
            }
            for i, name in enumerate(baseline.manifest.signals)
        },
    }
