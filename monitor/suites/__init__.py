"""Suites of probes: packs of YAML, and the asks they stand for."""

from monitor.suites.compiled import ENDING, Compiled, Suite, write_compiled
from monitor.suites.expand import all_asks, asks, suite_hash
from monitor.suites.loading import load_pack, load_packs, shipped
from monitor.suites.rotation import carrier_of, chosen, epoch_of
from monitor.suites.schema import Item, Pack, json_schema

__all__ = [
    "ENDING",
    "Compiled",
    "Item",
    "Pack",
    "Suite",
    "all_asks",
    "asks",
    "carrier_of",
    "chosen",
    "epoch_of",
    "json_schema",
    "load_pack",
    "load_packs",
    "shipped",
    "suite_hash",
    "write_compiled",
]
