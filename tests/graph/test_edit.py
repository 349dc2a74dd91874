"""A graph file's text with other values: the rest stays as it is written."""

import pytest

from ragreason.graph.edit import edited
from ragreason.graph.read import parse_graph

TEXT = """\
# A graph of mine.
version: 1
name: mine
paradigm: baseline
description: "Quoted: as it was"
nodes:
  judge: {use: difficulty}    # decides
  answer:
    use: answer
edges:
  - [START, judge]
  - {from: judge, to: answer, when: {field: difficulty, at_most: 0.5}}
  - {from: judge, to: END, otherwise: true}
  - [answer, END]
"""


def test_only_the_values_change() -> None:
    found = edited(TEXT, {("edges", 1, "when", "at_most"): 0.25, ("nodes", "answer", "k"): 3})
    assert found == TEXT.replace("0.5", "0.25").replace(
        "    use: answer\n", "    use: answer\n    k: 3\n"
    )


def test_new_mappings_are_read_as_they_were_given() -> None:
    weights = {"words": -0.1234, "doubt": 1e-05, "gap": 0.0}
    found = edited(TEXT, {("nodes", "judge", "weights"): weights})
    assert parse_graph(found).nodes["judge"].parameters == {"weights": weights}
    assert "# A graph of mine." in found
    assert "# decides" in found


def test_a_place_that_is_not_there_is_an_error() -> None:
    with pytest.raises(KeyError):
        edited(TEXT, {("nodes", "lost", "k"): 1})
    with pytest.raises(IndexError):
        edited(TEXT, {("edges", 9, "when"): 1})
