"""A graph file to start from."""

from ragreason.errors import ConfigError
from ragreason.graph.definition import Definition
from ragreason.graph.read import parse_graph

TEXT = """\
# A graph of ragreason. Check it: ragreason graph validate FILE   See it: ragreason graph draw FILE
# Ask it: ragreason run FILE "a question" --index DIR
version: 1
name: NAME
# baseline, reasoning_enhanced_retrieval, retrieval_enhanced_reasoning, or synergized
paradigm: reasoning_enhanced_retrieval
source: ""                      # where the method comes from
description: Search, and search again with other words while evidence is missing.

# Upper bounds for one question; reaching one forces an answer from what is there.
budget: {steps: 12, tokens: 8000}    # also: retrievals, calls, seconds

# A name of yours -> what the node does (`use`) and its parameters.
# Nodes that call a model take `model: small`, bound by --model small=NAME.
nodes:
  retrieve: {use: retrieve, k: 5}
  grade:    {use: grade, verifier: {use: relevance}}
  rewrite:  {use: rewrite}
  answer:   {use: answer}

# [from, to]; or a mapping with `when` and `otherwise`, `at_most` and `then` (every loop needs a
# bound), or `each: queries` (one parallel branch an entry of that list).
edges:
  - [START, retrieve]
  - [retrieve, grade]
  - {from: grade, to: answer, when: {field: evidence, is: sufficient}}
  - {from: grade, to: rewrite, otherwise: true}
  - {from: rewrite, to: retrieve, at_most: 2, then: answer}
  - [answer, END]
"""


def starter(name: str) -> str:
    """A commented graph file called `name` that validates. Raises ConfigError for a bad name."""
    text = TEXT.replace("NAME\n", f"{name}\n", 1)
    try:
        read: Definition | None = parse_graph(text)
    except ConfigError:
        read = None
    if read is None or read.name != name:
        raise ConfigError(f"'{name}' is no graph name: use letters, digits, '_', '-' and '.'")
    return text
