from typing import Any

import pytest

from ragreason.corpus import passage
from ragreason.protocols import Embedder
from ragreason.types import Passage
from ragreason.verification.evidence import read
from ragreason.verification.support import SUPPORTED, lexical_support, support


@pytest.mark.parametrize(
    ("true", "false"),
    [
        ("The film was directed by Stephen King.", "The film was directed by Brunswick County."),
        ("Maximum Overdrive is a film of 1986.", "Maximum Overdrive is a film of 1974."),
        ("Carrie is set in Chamberlain.", "Carrie is set in Leland."),
        ("Potato was first grown in Peru.", "Potato was not first grown in Peru."),
    ],
)
async def test_a_swapped_entity_or_denial_costs_support(
    true: str, false: str, library: dict[str, Passage], embedder: Embedder
) -> None:
    good, bad = await support([true, false], list(library.values()), embedder)
    assert good.supported
    assert bad.score < good.score - 0.15


async def test_the_sentence_that_supports_is_named(
    library: dict[str, Passage], embedder: Embedder
) -> None:
    (found,) = await support(
        ["Maximum Overdrive was written by Stephen King."], list(library.values()), embedder
    )
    assert found.passage == library["Maximum Overdrive"]
    assert found.line is not None
    assert found.line.text == "It was written and directed by Stephen King."
    assert found.passage.text[found.line.start : found.line.end] == found.line.text


async def test_a_statement_of_two_passages_is_supported_by_both_together_only(
    library: dict[str, Passage], embedder: Embedder
) -> None:
    statement = "Maximum Overdrive, shot around Leland, was directed by Stephen King."
    film, town = library["Maximum Overdrive"], library["Leland, North Carolina"]
    (both,) = await support([statement], [film, town], embedder)
    (one,) = await support([statement], [film], embedder)
    assert both.supported
    assert one.score < SUPPORTED


async def test_missing_parts_are_named(library: dict[str, Passage], embedder: Embedder) -> None:
    (found,) = await support(
        ["Stephen King met Agatha Quill in 1999."], list(library.values()), embedder
    )
    assert not found.supported
    assert {"Agatha Quill", "1999"} <= set(found.missing)


async def test_order_tells_who_did_what(embedder: Embedder) -> None:
    history = [passage("Duel", "Aaron Burr shot Alexander Hamilton.")]
    right, wrong = await support(
        ["Aaron Burr shot Alexander Hamilton.", "Alexander Hamilton shot Aaron Burr."],
        history,
        embedder,
    )
    assert right.score > wrong.score


async def test_chinese_statements_are_told_apart(embedder: Embedder) -> None:
    text = [passage("鲁迅", "鲁迅出生于浙江绍兴。他写了《呐喊》。")]
    true, false = await support(["鲁迅出生于绍兴。", "鲁迅出生于北京。"], text, embedder)
    assert true.score > false.score + 0.15


async def test_without_passages_or_content_nothing_is_supported(
    library: dict[str, Passage], embedder: Embedder
) -> None:
    (lonely,) = await support(["Paris is big."], [], embedder)
    assert (lonely.score, lonely.passage) == (0.0, None)
    assert await support([], list(library.values()), embedder) == []
    empty, of_it = await support(["", "of the"], list(library.values()), embedder)
    assert empty.score == of_it.score == 0.0


async def test_few_texts_are_embedded_each_once_in_one_call(
    library: dict[str, Passage], counting: Any
) -> None:
    twice = ["Carrie is a novel by Stephen King."] * 2
    one, other = await support(twice, list(library.values()) * 2, counting)
    assert one == other
    assert len(counting.calls) == 1
    assert len(counting.calls[0]) == len(set(counting.calls[0])) <= 4


def test_lexical_support_needs_no_embedder(library: dict[str, Passage]) -> None:
    source = read(library.values())
    assert lexical_support("Carrie is a novel.", source) == pytest.approx(1.0)
    assert lexical_support("", source) == 0.0
