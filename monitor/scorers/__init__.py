"""What judges answers. A new scorer is one file and one line here; `probes/` names them in `score`."""

from collections.abc import Callable, Mapping

from monitor.interfaces import Scorer
from monitor.scorers.choice import Choice
from monitor.scorers.forbids import Forbids
from monitor.scorers.parses import Parses
from monitor.scorers.pii import Pii
from monitor.scorers.refusal import Refusal
from monitor.scorers.requires import Requires
from monitor.scorers.text import Text

SCORERS: Mapping[str, Callable[[], Scorer]] = {
    "refusal": Refusal,
    "forbids": Forbids,
    "requires": Requires,
    "choice": Choice,
    "json": Parses,
    "text": Text,
    "pii": Pii,
}


def standard() -> dict[str, Scorer]:
    """One of each by name, to which a judge may be added."""
    return {name: make() for name, make in SCORERS.items()}
