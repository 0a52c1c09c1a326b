"""The flow of records: from sources through formats and samplers to the banks of the models, and what is stored of it
in one transaction."""

from monitor.pipeline.flow import Pipeline
from monitor.pipeline.intake import Feed
from monitor.pipeline.watch import Watch

__all__ = ["Feed", "Pipeline", "Watch"]
