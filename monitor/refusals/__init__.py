"""How a refusal is known: by its phrases, fast and rough, or by a model learned from judged answers."""

from monitor.refusals.classes import Classes
from monitor.refusals.head import Head, shipped_head
from monitor.refusals.meaning import Meaning
from monitor.refusals.model import Model, shipped
from monitor.refusals.phrases import refusal_score

__all__ = ["Classes", "Head", "Meaning", "Model", "refusal_score", "shipped", "shipped_head"]
