"""Settings of networks -> readers. A network that cannot be loaded leaves its signals blind, and the rest as it is."""

import logging
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from monitor import networks
from monitor.errors import ConfigError
from monitor.interfaces import Harm, SlowExtractor
from monitor.neural import NEURAL
from monitor.neural.classifier import Signal
from monitor.readers import Absent, Reader
from monitor.settings.neural import Classifier, Neural
from monitor.settings.parts import Part

log = logging.getLogger(__name__)

_HARMS = {"rise": Harm.RISE, "fall": Harm.FALL, "none": Harm.NONE}


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
        yield "meaning", partial(_by, networks.Encoder, "meaning", _options(neural.encoder) | common)
    for together in neural.sharing:
        yield "+".join(each.name for each in together), partial(_classes, together, common)
    if neural.surprise is not None:
        yield "surprise", partial(_by, networks.Surprise, "surprise", _options(neural.surprise) | common)
    if neural.names is not None:
        yield "new_name", partial(_by, networks.Names, "names", _options(neural.names) | common)


def _by(network: Callable[..., Any], member: str, options: dict[str, Any]) -> SlowExtractor:
    return NEURAL[member](network(**options))


def _classes(together: tuple[Classifier, ...], common: dict[str, Any]) -> SlowExtractor:
    """One reading by the model that all of them name."""
    first = together[0]
    network = networks.Classifier(
        first.model, revision=first.revision, precision=networks.Precision(first.precision), **common
    )
    signals = [Signal(each.name, each.labels, _HARMS[each.harm], each.rise, each.fall) for each in together]
    return NEURAL["classifier"](network, signals, pair=first.pair)


def _options(part: Part) -> dict[str, Any]:
    options = part.model_dump()
    return options | {"precision": networks.Precision(options["precision"])}
