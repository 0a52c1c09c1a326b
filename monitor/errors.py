"""Every error Tidegauge raises on purpose.

    TidegaugeError
    |- ConfigError        the operator must act: one line that says what, where and what to do; exit code 2
    |- BaselineError      the same, for a baseline artefact that is missing, damaged or of another model
    |- MalformedRecord    one record cannot be read: count it by `reason`, keep it as a dead letter, go on
    `- TemporaryError     the world is in the way (broker away, disk full): retried in one place, the pipeline

Anything else is a bug and ends the process.
"""

from enum import StrEnum


class TidegaugeError(Exception):
    """Base of every error raised on purpose; its text is one line that can be shown as it is."""


class ConfigError(TidegaugeError):
    """The operator's settings or arguments are wrong. Names the key or file, the place, and what to do."""


class BaselineError(ConfigError):
    """A baseline artefact cannot be used: missing, damaged (names the member), or of another model."""


class TemporaryError(TidegaugeError):
    """Something outside is unavailable for now; the same act may succeed later."""


class Malformed(StrEnum):
    """Why a record could not be read. A closed set, since it becomes the label `reason`."""

    NOT_JSON = "not_json"
    NOT_UTF8 = "not_utf8"
    WRONG_SHAPE = "wrong_shape"
    TOO_LARGE = "too_large"
    EMPTY = "empty"
    HALF = "half"
    NOT_FINITE = "not_finite"
    STREAM = "bad_stream"


class MalformedRecord(TidegaugeError):  # noqa: N818 - the design's word
    """One record cannot be read. `reason` is the label; `detail` never holds text of the record."""

    def __init__(self, reason: Malformed, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else str(reason))
        self.reason = reason
        self.detail = detail
