"""Sentence embeddings: vectors of prompts and answers, made beside the traffic. Needs the extra `neural`."""

from monitor.embedding.encoder import DEFAULT_MODEL, Encoder
from monitor.embedding.model import Precision
from monitor.embedding.worker import Counts, Worker

__all__ = ["DEFAULT_MODEL", "Counts", "Encoder", "Precision", "Worker"]
