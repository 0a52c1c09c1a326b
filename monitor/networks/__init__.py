"""Transformers and what they need: bringing a model, cutting and batching texts; vectors of texts, their classes, who
is named in them, and how unlikely they are. Extra `neural`."""

from monitor.networks.choice import Choice, Precision
from monitor.networks.classifier import Classifier
from monitor.networks.encoder import DEFAULT_MODEL, Encoder
from monitor.networks.names import Names
from monitor.networks.steps import stepped
from monitor.networks.surprise import Surprise

__all__ = ["DEFAULT_MODEL", "Choice", "Classifier", "Encoder", "Names", "Precision", "Surprise", "stepped"]
