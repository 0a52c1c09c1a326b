"""How a refusal is known: by its phrases, fast and rough, or by a model learned from judged answers."""

from monitor.refusals.model import Model, shipped
from monitor.refusals.phrases import refusal_score

__all__ = ["Model", "refusal_score", "shipped"]
