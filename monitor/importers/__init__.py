"""Suites and answers that people have from other tools. A new one is one file and one line here."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from monitor.errors import ConfigError
from monitor.importers import bbq, garak, inspect_log, lm_eval, promptfoo, promptfoo_config
from monitor.importers.imported import Imported
from monitor.importers.prompt_sets import PROMPT_SETS
from monitor.importers.source import Source

__all__ = ["IMPORTERS", "Imported", "Importer", "load"]


class Importer(NamedTuple):
    """How one format is known by its content, and read. Both raise nothing but ConfigError."""

    fits: Callable[[Source], bool]
    read: Callable[[Source], Imported]


IMPORTERS: Mapping[str, Importer] = {
    "inspect": Importer(inspect_log.fits, inspect_log.read),
    "promptfoo-config": Importer(promptfoo_config.fits, promptfoo_config.read),
    "promptfoo": Importer(promptfoo.fits, promptfoo.read),
    "garak": Importer(garak.fits, garak.read),
    "lm-eval": Importer(lm_eval.fits, lm_eval.read),
    "bbq": Importer(bbq.fits, bbq.read),
} | {one.name: Importer(one.fits, one.read) for one in PROMPT_SETS}
"""In the order in which a file is tried."""


def load(path: Path, name: str | None = None) -> Imported:
    """Reads a file of the format `name`, else of the first that fits its content. ConfigError when none does, or when
    nothing in the file can be used."""
    if name is not None and name not in IMPORTERS:
        raise ConfigError(f"no format {name!r}; there are {', '.join(IMPORTERS)}")
    source = Source(path)
    if name is None:
        name = next((name for name, importer in IMPORTERS.items() if importer.fits(source)), None)
    if name is None:
        raise ConfigError(f"{path}: fits no format; name it if you know better: {', '.join(IMPORTERS)}")
    return IMPORTERS[name].read(source)
