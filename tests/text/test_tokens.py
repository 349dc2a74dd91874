import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from ragreason import models
from ragreason.text.tokens import Tokenizer, count_tokens, token_spans

tokenize = Tokenizer()


@pytest.mark.parametrize(
    ("passage", "query"),
    [
        ("The concerts were cancelled", "concert cancelling"),
        ("Beyoncé", "BEYONCE"),
        ("the U.S. Senate", "US senate"),
        ("Burton's cars", "Burton car"),
        ("ﬁnancial", "financial"),
        ("上海的桥梁", "桥梁，上海"),
        ("Straße", "STRASSE"),
    ],
)
def test_the_same_words_give_the_same_terms(passage: str, query: str) -> None:
    assert sorted(tokenize(passage)) == sorted(tokenize(query))


def test_stop_words_are_dropped_in_both_languages() -> None:
    assert tokenize("what is the of and") == []
    assert tokenize("的 了 什么") == []


def test_repetitions_and_order_are_kept() -> None:
    assert tokenize("river bank river") == ["river", "bank", "river"]


def test_long_chinese_words_also_give_the_words_inside() -> None:
    terms = tokenize("中华人民共和国")
    assert {"中华人民共和国", "人民", "共和国"} <= set(terms)


def test_mixed_scripts_are_parted() -> None:
    assert tokenize("iPhone手机2024") == ["iphon", "手机", "2024"]


def test_text_without_words_gives_no_terms() -> None:
    assert tokenize("") == tokenize("?! — …") == []


def test_threads_do_not_mix_their_words() -> None:
    words = [f"{stem}{ending}" for stem in ("walk", "nation", "relat") for ending in ("ing", "ed")]
    texts = [f"{word}{number}ness {word}" for number in range(300) for word in words]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(Tokenizer(), texts))
    assert together == [tokenize(text) for text in texts]


def test_counts_by_the_documented_unit() -> None:
    assert count_tokens("cat") == 1
    assert count_tokens("extraordinary") == 2
    assert count_tokens("1984") == 2
    assert count_tokens("你好，世界") == 5
    assert count_tokens("a, b") == 3
    assert count_tokens("") == 0


def test_token_spans_sum_up_to_the_count() -> None:
    text = "In 1984, 乔治·奥威尔 wrote " + "x" * 1000 + "."
    spans = token_spans(text)
    assert sum(size for _, size in spans) == count_tokens(text)
    assert max(size for _, size in spans) <= 20
    assert [text[a:b] for (a, b), _ in spans][:3] == ["In", "1984", ","]


@pytest.mark.data
@pytest.mark.model
def test_english_counts_are_near_those_of_wordpiece(data: Path) -> None:
    from tokenizers import Tokenizer as WordPiece

    wordpiece = WordPiece.from_file(str(models.path("minilm") / "tokenizer.json"))
    wordpiece.no_truncation()
    wordpiece.no_padding()
    rows = json.loads((data / "hotpotqa/train_sample.json").read_text(encoding="utf-8"))
    text = "\n".join("".join(s) for row in rows for _, s in row["context"])
    real = len(wordpiece.encode(text, add_special_tokens=False).ids)
    assert count_tokens(text) == pytest.approx(real, rel=0.15)


@given(st.text(alphabet="aB1 ²½你.,_-\u0301\n", max_size=200), st.integers(0, 200))
def test_token_spans_and_counts_agree_on_any_text(text: str, letters: int) -> None:
    mixed = text + "x" * letters + "9" * letters
    assert sum(size for _, size in token_spans(mixed)) == count_tokens(mixed)
