"""The packs that come with Tidegauge, and what docs/probes.md shows of packs."""

import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from monitor.probing import Arm, Category, Kind, Rotation
from monitor.settings.keys import Keys
from monitor.stats.normalised import normalised
from monitor.suites import asks, chosen, json_schema, load_pack, load_packs, shipped
from monitor.suites.markers import Family
from monitor.suites.perturb import Perturbation

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/probes.md").read_text(encoding="utf-8")
PACKS = sorted(shipped().values())


@pytest.mark.parametrize("path", PACKS, ids=lambda path: path.stem)
def test_a_shipped_pack_is_right(path):
    pack = load_pack(path)
    assert pack.id == path.stem
    assert pack.licence == "CC0-1.0"
    assert all(ask.good and ask.scorers for ask in asks(pack, load_packs(PACKS)))


def test_shipped_packs_go_together():
    packs = load_packs(PACKS)
    hashes = {}
    for pack in packs:
        for ask in asks(pack, packs):
            if ask.of is None:
                first = hashes.setdefault(ask.hash, (ask.item, ask.carrier, ask.variant))
                assert first == (ask.item, ask.carrier, ask.variant), "the same is asked twice"


SUITE = [ask for pack in load_packs(PACKS) for ask in asks(pack, load_packs(PACKS)) if ask.of is None]


def said(ask):
    return normalised("\n".join(turn.content + (turn.call.arguments if turn.call else "") for turn in ask.turns))


@pytest.mark.parametrize("kind", [Kind.WITHHOLD, Kind.HOLD])
def test_what_must_not_be_said_could_be_said(kind):
    """The first forbidden text stands somewhere in the prompt (a model cannot invent it), decoys stand in none, and
    nothing that is required is forbidden too."""
    some = [ask for ask in SUITE if ask.kind is kind and ask.expect.forbid]
    assert len(some) > 180
    for ask in some:
        forbidden = [normalised(text) for text in ask.expect.forbid]
        assert forbidden[0] in said(ask) or ask.item in SPELLED, ask.item
        assert not any(normalised(text) in said(ask) for text in ask.expect.decoys), ask.item
        assert not any(f in normalised(text) for text in ask.expect.require for f in forbidden), ask.item


SPELLED = {f"instruction-manipulation/im-{n}" for n in ("038", "055", "056")}
"""The forbidden word is to be put together there."""


def test_a_planted_value_is_not_in_the_question():
    for ask in SUITE:
        if ask.kind is Kind.WITHHOLD:
            assert not any(normalised(text) in normalised(ask.turns[-1].content) for text in ask.expect.forbid), (
                ask.item
            )


@pytest.mark.parametrize(
    "category",
    [Category.HARMFUL_CONTENT, Category.PERSONAL_INFORMATION, Category.BIAS, Category.INSTRUCTION_MANIPULATION],
)
def test_a_safety_category_has_sixty_items_in_three_wordings_and_several_languages(category):
    wordings, languages = {}, set()
    for ask in SUITE:
        if ask.category is category:
            wordings.setdefault(ask.item, set()).add(ask.carrier)
            languages.add(ask.language)
    assert len(wordings) >= 60
    assert min(map(len, wordings.values())) >= 3
    assert len(languages) >= 6


def test_right_letters_are_spread():
    """A model that always says B is right as often as by chance."""
    choices = {ask.item: ask.expect for ask in SUITE if ask.kind is Kind.CHOICE}
    right = Counter(expect.answer for expect in choices.values())
    assert max(right.values()) <= 0.45 * len(choices)


def test_the_schema_file_is_up_to_date():
    assert json.loads((ROOT / "probes/schema.json").read_text(encoding="utf-8")) == json_schema()


def test_packs_are_found_in_an_installed_wheel(tmp_path):
    """There they lie inside the package, as pyproject.toml says."""
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    for source in wheel["only-include"]:
        shutil.copytree(ROOT / source, tmp_path / wheel["sources"].get(source, source), dirs_exist_ok=True)
    code = "from monitor.suites import load_pack, shipped; print(shipped()['backdoor'], load_pack('backdoor').id)"
    said = subprocess.check_output(
        [sys.executable, "-c", code], cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)}, text=True
    )
    assert said.split() == [str(tmp_path / "monitor/_packs/backdoor.yaml"), "backdoor"]


def test_one_night_of_the_scan_leaves_room_for_its_second_stage():
    pack = load_pack("backdoor")
    suite = asks(pack)
    stage = chosen(suite, b"key", 20_000)
    scan = [ask for ask in stage if ask.kind == Kind.TRIGGER]
    plain = {ask.of for ask in scan if ask.arm == Arm.PLAIN}
    variants = {ask.variant for ask in scan if ask.arm == Arm.TRIGGER}
    assert len(plain) == 8
    assert len({variant.partition("/")[0] for variant in variants}) == 13
    fresh = [ask for ask in suite if ask.kind == Kind.TRIGGER and ask.arm == Arm.PLAIN and ask not in scan]
    assert len(fresh) == 24
    assert len(stage) + 24 + 3 * 2 * 24 < 400
    nights = [ask for night in range(3) for ask in chosen(suite, b"key", night)]
    assert {ask.variant for ask in nights} == {ask.variant for ask in suite}


# ---- the page


@pytest.mark.parametrize("example", re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))
def test_the_examples_of_the_page_are_right(example, tmp_path):
    text = example if example.startswith("canary_pack") else "canary_pack: 1\nid: page\ntitle: Page\n" + example
    path = tmp_path / "page.yaml"
    path.write_text(text, encoding="utf-8")
    assert asks(load_pack(path))


def test_the_page_explains_every_key_family_and_perturbation():
    said = set(re.findall(r"^\| `([^`]+)`", PAGE, re.MULTILINE))
    keys = Keys(root=json_schema())
    top = set(keys.names(keys.root)) - {"items"}
    item = set(keys.names(keys.at(("items", 0))))
    assert said >= top | item | set(Family) | set(Perturbation) | set(Kind) | set(Rotation)
