"""The HTTP face: series, health, verdicts as JSON, and the status page. Reads the latest report, decides nothing."""
