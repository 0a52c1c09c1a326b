"""The share of the machine that a container has."""

import os

import pytest

from monitor.networks.processors import processors

HERE = len(os.sched_getaffinity(0))


@pytest.fixture
def system(tmp_path):
    """How many processors, given the process's groups and the files of those."""

    def make(groups, files):
        for name, content in files.items():
            path = tmp_path / "mount" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        (tmp_path / "cgroup").write_text(groups)
        return processors(groups=tmp_path / "cgroup", mount=tmp_path / "mount")

    return make


def test_a_quota_is_rounded_down_but_not_to_nothing(system):
    assert system("0::/\n", {"cpu.max": "190000 100000\n"}) == 1
    assert system("0::/\n", {"cpu.max": "20000 100000\n"}) == 1


def test_no_quota_leaves_what_the_process_may_run_on(system):
    assert system("0::/pod\n", {"pod/cpu.max": "max 100000\n"}) == HERE
    assert system("0::/\n", {"cpu.max": "99900000 100000\n"}) == HERE


def test_the_quota_of_a_group_above_counts(system):
    assert system("0::/pod/box\n", {"pod/cpu.max": "100000 100000", "pod/box/cpu.max": "max 100000"}) == 1


def test_a_container_that_sees_its_own_group_as_the_root(system):
    assert system("0::/not/seen/here\n", {"cpu.max": "100000 100000"}) == 1


def test_version_one(system):
    folder = "cpu,cpuacct/pod/"
    files = {folder + "cpu.cfs_quota_us": "100000\n", folder + "cpu.cfs_period_us": "100000\n"}
    assert system("5:memory:/pod\n4:cpu,cpuacct:/pod\n0::/\n", files) == 1
    files[folder + "cpu.cfs_quota_us"] = "-1\n"
    assert system("4:cpu,cpuacct:/pod\n", files) == HERE


def test_a_system_without_groups(tmp_path):
    assert processors(groups=tmp_path / "absent", mount=tmp_path) == HERE
