"""Suites of probes: packs of YAML, and the asks they stand for."""

from monitor.suites.loading import load_pack, load_packs, shipped
from monitor.suites.schema import Item, Pack, json_schema

__all__ = ["Item", "Pack", "json_schema", "load_pack", "load_packs", "shipped"]
