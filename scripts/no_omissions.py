"""A pytest plugin for CI (`pytest -p no_omissions`): a test of a real part that was skipped fails the run.

On a contributor's machine such tests may be left out; in CI a skip would look like a pass.
"""

from collections.abc import Iterator

import pytest

PARTS = (
    "alertmanager",
    "browser",
    "helm",
    "image",
    "kafka",
    "kafka_restart",
    "kubernetes",
    "neural",
    "prometheus",
    "served",
)


def omitted(reports: Iterator[pytest.TestReport | pytest.CollectReport]) -> list[str]:
    """Node ids of the skipped tests of a real part. A module that skips itself as a whole does not tell its marks, so
    it counts too; an expected failure is reported as skipped, but it did run."""
    return [
        report.nodeid
        for report in reports
        if not hasattr(report, "wasxfail")
        and (isinstance(report, pytest.CollectReport) or any(part in report.keywords for part in PARTS))
    ]


class NoOmissions:
    """Reads the skips from the terminal's own record and turns a passed run into a failed one."""

    def __init__(self) -> None:
        self._found: list[str] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        terminal = session.config.pluginmanager.get_plugin("terminalreporter")
        self._found = omitted(terminal.stats.get("skipped", [])) if terminal is not None else []
        if self._found and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for nodeid in self._found:
            terminalreporter.write_line(f"OMITTED {nodeid}: tests of real parts may not be skipped in CI", red=True)


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(NoOmissions())
