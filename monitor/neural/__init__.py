"""What networks measure of an exchange: extractors too slow to stand in the traffic's way. A new member: one file here,
one line below."""

from collections.abc import Callable, Mapping

from monitor.interfaces import SlowExtractor
from monitor.neural.classifier import Classes
from monitor.neural.meaning import Meaning
from monitor.neural.names import Names
from monitor.neural.surprise import Surprise

NEURAL: Mapping[str, Callable[..., SlowExtractor]] = {
    "meaning": Meaning,
    "classifier": Classes,
    "surprise": Surprise,
    "names": Names,
}
"""Each is made of the network that reads for it. ConfigError where that cannot give what is asked."""
