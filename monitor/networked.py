"""Settings of networks -> readers. A network that cannot be loaded leaves its signals blind, and the rest as it is."""

import logging
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from monitor.errors import ConfigError
from monitor.interfaces import Harm, SlowExtractor
from monitor.networks import Encoder, Precision
from monitor.neural import NEURAL
from monitor.neural.classifier import Signal
from monitor.readers import Absent, Reader
from monitor.settings.neural import Classifier, Neural
from monitor.settings.parts import Part

log = logging.getLogger(__name__)

_HARMS = {"rise": Harm.RISE, "fall": Harm.FALL, "none": Harm.NONE}

_SHARED = ("model", "revision", "pair", "precision")

Make = Callable[[], SlowExtractor]


def readers(neural: Neural) -> tuple[Reader, ...]:
    """All that the settings name, loaded: some seconds. ConfigError for the first that cannot be."""
    return tuple(Reader(name, make()) for name, make in _named(neural))


def readers_that_load(neural: Neural) -> tuple[Reader | Absent, ...]:
    """Those that can be loaded; for each other one that is absent, and says why."""
    found: list[Reader | Absent] = []
    for name, make in _named(neural):
        try:
            found.append(Reader(name, make()))
        except ConfigError as error:
            log.warning("neural: %s is blind: %s", name, error)
            found.append(Absent(name, str(error)))
    return tuple(found)


def _named(neural: Neural) -> Iterator[tuple[str, Make]]:
    common: dict[str, Any] = {"offline": neural.offline, "threads": neural.threads}
    if neural.encoder is not None:
        yield "meaning", partial(_meaning, neural.encoder, common)
    for together in neural.sharing:
        yield "+".join(each.name for each in together), partial(_classes, together, common)
    if neural.surprise is not None:
        yield "surprise", partial(NEURAL["surprise"], **_options(neural.surprise) | common)


def _meaning(encoder: Part, common: dict[str, Any]) -> SlowExtractor:
    return NEURAL["meaning"](Encoder(**_options(encoder) | common))


def _classes(together: tuple[Classifier, ...], common: dict[str, Any]) -> SlowExtractor:
    """One reading by the model that all of them name."""
    signals = [Signal(each.name, each.labels, _HARMS[each.harm], each.rise, each.fall) for each in together]
    options = {name: value for name, value in _options(together[0]).items() if name in _SHARED}
    return NEURAL["classifier"](signals=signals, **options | common)


def _options(part: Part) -> dict[str, Any]:
    options = part.model_dump()
    return options | {"precision": Precision(options["precision"])}
