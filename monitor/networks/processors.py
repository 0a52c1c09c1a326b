"""How many processors this process may use: a container's share, not the machine's."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath


def processors(*, groups: Path = Path("/proc/self/cgroup"), mount: Path = Path("/sys/fs/cgroup")) -> int:
    """At least 1: the least of the processors that the process may run on and of the quotas of its control groups
    (versions 1 and 2) and of those above them, rounded down."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, int(min([allowed, *_quotas(groups, mount)])))


def _quotas(groups: Path, mount: Path) -> Iterator[float]:
    for folder in _folders(groups, mount):
        with suppress(OSError, ValueError, ZeroDivisionError):  # absent, or "max"
            quota, period = (folder / "cpu.max").read_text("ascii").split()
            yield int(quota) / int(period)
        with suppress(OSError, ValueError, ZeroDivisionError):
            quota = (folder / "cpu.cfs_quota_us").read_text("ascii")
            if int(quota) > 0:  # -1: none
                yield int(quota) / int((folder / "cpu.cfs_period_us").read_text("ascii"))


def _folders(groups: Path, mount: Path) -> Iterator[Path]:
    """Each group of the process and those above it. A container often sees its own group as the root of the mount, so
    a path that is not there is no error."""
    try:
        lines = groups.read_text("utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        root = mount / controllers if controllers else mount
        if not controllers or "cpu" in controllers.split(","):
            relative = PurePosixPath(path.lstrip("/"))
            yield from (root / each for each in (relative, *relative.parents))
