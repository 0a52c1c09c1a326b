"""What the models are taught is not what they are asked."""

import re

from served import examples

from monitor.suites import asks, load_packs, shipped

RUN = 7


def runs(text):
    """All runs of so many words."""
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[at : at + RUN]) for at in range(len(words) - RUN + 1)}


def test_no_example_is_an_item_of_a_pack():
    texts = [*(pair[:2] for pair in examples.PAIRS), *(row[1:3] for row in examples.SECRETS), *examples.HARMLESS]
    taught = [text for row in texts for text in row]
    asked = set().union(*(runs(turn.content) for ask in suite() for turn in ask.turns if turn.role == "user"))
    assert len(asked) > 1000
    assert not [text for text in taught if runs(text) & asked]


def suite():
    packs = load_packs(shipped())
    return [ask for pack in packs for ask in asks(pack, packs)]
