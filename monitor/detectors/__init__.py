"""Online drift detectors. A new one: one file here, one line below."""

from collections.abc import Callable, Mapping

from monitor.detectors.conformal import ConformalMartingale
from monitor.detectors.direction import LearnedDirection
from monitor.interfaces import Detector

DETECTORS: Mapping[str, Callable[..., Detector]] = {
    "conformal": ConformalMartingale,
    "direction": LearnedDirection,
}
