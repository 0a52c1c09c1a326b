"""What the documentation says is so: commands, the decision table, floors, formats and links."""

import re
import shlex
import tomllib
from pathlib import Path

import pytest
import typer
import yaml

from monitor.cli import app
from monitor.errors import Malformed
from monitor.formats import FORMATS
from monitor.records import Record
from monitor.settings import Settings
from monitor.verdict import TABLE, Verdict

ROOT = Path(__file__).parents[1]
PAGES = [
    *ROOT.glob("*.md"),
    *(p for part in ("docs", "helm", "examples") for p in sorted(ROOT.glob(f"{part}/**/*.md"))),
]


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page, re.MULTILINE | re.DOTALL)


def section(page: str, heading: str) -> str:
    return page.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]


def rows(part: str) -> list[list[str]]:
    """The cells of the tables in a part of a page, heads and rules left out."""
    lines = [line for line in part.splitlines() if line.startswith("|")]
    rules = {i for i, line in enumerate(lines) if set(line) <= set("|-")}
    return [
        [cell.strip() for cell in line.strip("|").split(" | ")]
        for i, line in enumerate(lines)
        if i not in rules and i + 1 not in rules
    ]


def anchors(page: str) -> set[str]:
    heads = re.findall(r"^#+ (.+)$", page, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}


README_COMMANDS = [
    words
    for block in blocks(text("README.md"), "sh")
    for line in block.splitlines()
    if (words := shlex.split(line, comments=True))
]


@pytest.mark.parametrize("words", README_COMMANDS, ids=" ".join)
def test_commands_of_the_readme_exist(words):
    program, *arguments = words
    if program == "make":
        targets = set(re.findall(r"^([a-z-]+):", text("Makefile"), re.MULTILINE))
        assert set(arguments) <= targets
    elif program == "tidegauge":
        command = typer.main.get_command(app)
        while hasattr(command, "commands"):
            assert arguments, "a group is no command"
            assert arguments[0] in command.commands
            command, arguments = command.commands[arguments[0]], arguments[1:]
        command.make_context("tidegauge", list(arguments))  # parses, does not run
    else:
        assert words[1:3] == ["-m", "venv"] or words[1:4] == ["-m", "pip", "install"]


def test_the_readme_shows_the_main_commands():
    shown = {" ".join(words[:2]) for words in README_COMMANDS}
    assert shown >= {"make run", "make test", "tidegauge baseline", "tidegauge run", "tidegauge verdict"}


def test_the_readme_explains_every_verdict():
    said = [row[0].strip("`") for row in rows(section(text("README.md"), "Verdicts"))]
    assert sorted(said) == sorted(str(verdict) for verdict in Verdict)


def test_the_settings_of_the_readme_hold():
    for example in blocks(text("README.md"), "yaml"):
        Settings.model_validate(yaml.safe_load(example))


def test_the_decision_table_is_that_of_the_code():
    expected = [
        [
            " and ".join(f"`{channel}` is `{level}`" for channel, level in when.items()) or "otherwise",
            f"`{verdict}`",
            words,
        ]
        for when, verdict, words in TABLE
    ]
    assert rows(section(text("docs/verdict.md"), "Decision table")) == expected


def test_the_floors_are_those_that_are_checked():
    contracts = tomllib.loads(text("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    (drawn,) = blocks(section(text("docs/architecture.md"), "Floors"), "text")
    assert drawn.splitlines() == layers


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if link.startswith(("http://", "https://", "mailto:")):
            continue
        path, _, anchor = link.partition("#")
        goal = (page.parent / path).resolve() if path else page
        assert goal.exists(), link
        assert goal.is_relative_to(ROOT), link
        assert not anchor or anchor in anchors(goal.read_text(encoding="utf-8")), link


def test_every_format_has_an_example_that_it_reads():
    page = text("docs/formats.md")
    for name, make in FORMATS.items():
        (example,) = blocks(section(page, f"`{name}`"), "json")
        exchange = make().decode(Record(example.strip().encode(), "docs", 0))
        assert exchange.model == "support-bot"
        assert exchange.messages
        assert exchange.response


def test_every_reason_of_a_dead_letter_is_explained():
    said = [row[0].strip("`") for row in rows(section(text("docs/formats.md"), "Dead letters"))]
    assert sorted(said) == sorted(str(reason) for reason in Malformed)
