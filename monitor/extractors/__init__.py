"""What is measured of an exchange. A new family of columns: one file here, one line below."""

from collections.abc import Callable, Mapping

from monitor.extractors.certainty import Certainty
from monitor.extractors.degeneration import Degeneration
from monitor.extractors.echo import Echo
from monitor.extractors.ending import Ending
from monitor.extractors.frame import Frame
from monitor.extractors.groups import Groups
from monitor.extractors.habits import Habits
from monitor.extractors.language import Language
from monitor.extractors.layout import Layout
from monitor.extractors.leakage import Leakage
from monitor.extractors.marks import Marks
from monitor.extractors.ngrams import Ngrams
from monitor.extractors.obedience import Obedience
from monitor.extractors.opening import Opening
from monitor.extractors.prompt import Prompt
from monitor.extractors.refusal import Refusal
from monitor.extractors.size import Size
from monitor.extractors.tone import Tone
from monitor.extractors.tooling import Tooling
from monitor.extractors.variety import Variety
from monitor.extractors.voice import Voice
from monitor.interfaces import Extractor

EXTRACTORS: Mapping[str, Callable[[], Extractor]] = {
    "prompt": Prompt,
    "frame": Frame,
    "language": Language,
    "ngrams": Ngrams,
    "size": Size,
    "layout": Layout,
    "marks": Marks,
    "variety": Variety,
    "degeneration": Degeneration,
    "opening": Opening,
    "voice": Voice,
    "refusal": Refusal,
    "tone": Tone,
    "groups": Groups,
    "ending": Ending,
    "tooling": Tooling,
    "leakage": Leakage,
    "echo": Echo,
    "obedience": Obedience,
    "certainty": Certainty,
    "habits": Habits,
}
