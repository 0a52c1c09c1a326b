"""Transformers and what they need: bringing a model, cutting and batching texts, vectors of texts. Extra `neural`."""

from monitor.networks.encoder import DEFAULT_MODEL, Encoder
from monitor.networks.model import Precision

__all__ = ["DEFAULT_MODEL", "Encoder", "Precision"]
