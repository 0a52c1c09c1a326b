"""Tidegauge: production behavioural drift monitor for fine-tuned language models."""

__version__ = "0.1.0"
