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
from monitor.settings.neural import Classifier, Encoder, Names, Neural, Surprise

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
    if (encoder := neural.encoder) is not None:
        choice = _choice(encoder, neural)
        yield "meaning", partial(_by, networks.Encoder, "meaning", choice, most_tokens=encoder.most_tokens)
    for together in neural.sharing:
        yield "+".join(each.name for each in together), partial(_classes, _choice(together[0], neural), together)
    if (surprise := neural.surprise) is not None:
        choice = _choice(surprise, neural)
        yield "surprise", partial(_by, networks.Surprise, "surprise", choice, most_tokens=surprise.most_tokens)
    if (names := neural.names) is not None:
        yield "new_name", partial(_by, networks.Names, "names", _choice(names, neural), labels=names.labels)


def _by(network: Callable[..., Any], member: str, choice: networks.Choice, **options: Any) -> SlowExtractor:
    return NEURAL[member](network(choice, **options))


def _classes(choice: networks.Choice, together: tuple[Classifier, ...]) -> SlowExtractor:
    """One reading by the model that all of them name."""
    signals = [Signal(each.name, each.labels, _HARMS[each.harm], each.rise, each.fall) for each in together]
    return NEURAL["classifier"](networks.Classifier(choice), signals, pair=together[0].pair)


def _choice(part: Encoder | Classifier | Surprise | Names, neural: Neural) -> networks.Choice:
    return networks.Choice(
        part.model,
        revision=part.revision,
        offline=neural.offline,
        precision=networks.Precision(part.precision),
        threads=neural.threads,
    )
