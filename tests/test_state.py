"""The LangGraph state: its reducers and its table."""

import re
from typing import Annotated, get_args, get_origin, get_type_hints

from hypothesis import given, strategies as st

from ragreason import state
from ragreason.state import (
    ReasonState,
    State,
    add_counts,
    append,
    first_reason,
    initial,
    latest,
    merge_evidence as merge,
)
from ragreason.types import Evidence, Hit, Passage, Question, Usage

counts = st.dictionaries(st.sampled_from("abc"), st.integers(0, 9))


def evidence(passage_id: str, *, keep: bool = True) -> Evidence:
    passage = Passage(id=passage_id, title="", text=passage_id)
    return Evidence(hit=Hit(passage=passage, score=1.0, rank=1, source="bm25"), keep=keep)


def test_later_evidence_replaces_and_keeps_its_place() -> None:
    old = {"a": evidence("a"), "b": evidence("b")}
    merged = merge(old, {"c": evidence("c"), "a": evidence("a", keep=False)})
    assert list(merged) == ["a", "b", "c"]
    assert not merged["a"].keep
    assert old["a"].keep


@given(counts, counts, counts)
def test_counts_sum_in_any_grouping(
    a: dict[str, int], b: dict[str, int], c: dict[str, int]
) -> None:
    assert add_counts(add_counts(a, b), c) == add_counts(a, add_counts(b, c))
    assert add_counts(a, b) == add_counts(b, a)


def test_the_first_reason_stays() -> None:
    assert first_reason("", "tokens") == "tokens"
    assert first_reason("tokens", "steps") == "tokens"
    assert first_reason("tokens", "") == "tokens"


def test_append_keeps_order_and_copies() -> None:
    old = ["a"]
    assert append(old, ["b", "c"]) == ["a", "b", "c"]
    assert old == ["a"]


def reducers(kind: type) -> dict[str, object]:
    """State key to its reducer, or None where the last write counts."""
    hints = get_type_hints(kind, include_extras=True)
    return {
        key: get_args(hint)[1] if get_origin(hint) is Annotated else None
        for key, hint in hints.items()
    }


def test_the_table_names_every_key_and_its_merge() -> None:
    rows = re.findall(
        r"^    (\w+) +(last|by passage|append|sum a name|sum|max|first) +\S",
        state.__doc__ or "",
        re.MULTILINE,
    )
    names = {
        None: "last",
        merge: "by passage",
        append: "append",
        add_counts: "sum a name",
        latest: "max",
        first_reason: "first",
    }
    written = {key: names.get(reducer, "sum") for key, reducer in reducers(State).items()}  # type: ignore[call-overload]
    assert dict(rows) == written


def test_keys_shared_with_a_reason_node_merge_alike() -> None:
    outer, inner = reducers(State), reducers(ReasonState)
    shared = outer.keys() & inner.keys()
    assert {"evidence", "usage", "forced"} <= shared
    assert all(outer[key] == inner[key] for key in shared)


def test_a_run_starts_with_every_merged_key_at_its_zero() -> None:
    start = initial(Question(id="1", text="Who?"), seed=7)
    merged = {key for key, reducer in reducers(State).items() if reducer is not None}
    assert set(start) == merged | {"question", "seed"}
    assert start["usage"] == Usage()
    assert start["seed"] == 7


def test_two_runs_share_no_mutable_start() -> None:
    question = Question(id="1", text="Who?")
    initial(question)["notes"].append("x")
    assert initial(question)["notes"] == []
