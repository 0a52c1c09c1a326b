"""What the members of this package have in common."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Valid = Callable[[str], str | None]
"""The number that matters of what has the shape, None where nobody can have it."""

_BEFORE, _AFTER = r"(?<![\w.+-])", r"(?![\w-]|\.\d)"


@dataclass(frozen=True, slots=True)
class Rule:
    """A shape, and what tells a number from other things of that shape. With `words` it is looked for only after one
    of them, in small letters, and what may stand between: `gap`."""

    shape: str
    valid: Valid
    words: tuple[str, ...] = ()
    gap: str = ""

    def pattern(self) -> re.Pattern[str]:
        """Finds the number as group 1, by itself and not as a part of something longer."""
        words = rf"(?<![^\W\d_])(?i:{'|'.join(self.words)}){self.gap}" if self.words else ""
        return re.compile(rf"{words}{_BEFORE}({self.shape}){_AFTER}")


def any_shape(rules: Sequence[Rule]) -> re.Pattern[str]:
    """Finds whether a text has anything that has a shape: a quick look."""
    return re.compile(rf"{_BEFORE}(?:{'|'.join(rule.shape for rule in rules)}){_AFTER}")
