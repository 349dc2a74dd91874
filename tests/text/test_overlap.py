import pytest

from ragreason.text.overlap import coverage, keys, negated, parts, share, stem, uncovered, units


def found(text: str) -> list[tuple[str, str]]:
    return [(unit.kind, unit.text) for unit in units(text)]


def test_names_numbers_and_words_are_told_apart() -> None:
    assert found("Alu was born in Paris in 1969.") == [
        ("name", "Alu"),
        ("word", "born"),
        ("name", "Paris"),
        ("number", "1969"),
    ]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("He read J. K. Rowling's book.", ["J. K. Rowling"]),
        ("the Battle of Hastings, England", ["Battle of Hastings", "England"]),
        ("Mali and Chad", ["Mali", "Chad"]),
        ("In Rome he met Kerry Saxby-Junna.", ["Rome", "Kerry Saxby-Junna"]),
        ("Who is it?", []),
        ("It ended. Rome fell.", ["Rome"]),
    ],
)
def test_names_end_where_a_reader_would_end_them(text: str, names: list[str]) -> None:
    assert [u.text for u in units(text) if u.kind == "name"] == names


def test_spans_point_into_the_text() -> None:
    text = "谁在1998年写了 The Hukilau Song, and in 2,001?"
    for unit in units(text):
        assert text[unit.start : unit.end] == unit.text


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Déjà", "deja"),
        ("6,960", "6960"),
        ("films", "film's"),
        ("two", "2"),
        ("DIRECTED", "direct"),
    ],
)
def test_forms_of_one_word_have_one_stem(one: str, other: str) -> None:
    assert stem(one) == stem(other)


def test_other_numbers_have_other_stems() -> None:
    assert len({stem(n) for n in ("1969", "1996", "19.69", "1960s", "2nd")}) == 5


def test_chinese_is_compared_by_pairs_and_asking_words_are_no_content() -> None:
    assert [u.text for u in units("谁是北京大学校长？")] == ["北京", "京大", "大学", "学校", "校长"]
    assert coverage(units("北京大学在哪里"), keys("北京大学位于海淀区")) == 1.0
    assert coverage(units("北京大学"), keys("清华大学")) < 0.5


def test_half_a_name_is_half_held() -> None:
    (name,) = units("Barack Obama")
    assert share(name, keys("Obama spoke")) == 0.5


def test_names_count_twice_in_coverage() -> None:
    assert coverage(units("Paris burned"), keys("in Paris")) == pytest.approx(2 / 3)
    assert coverage((), keys("anything")) == 1.0


def test_a_text_without_content_words_is_one_part() -> None:
    assert [p.text for p in parts("The Who")] == ["The Who"]
    assert coverage(parts("It"), keys("They saw it.")) == 1.0
    assert parts(" ?!") == ()


def test_what_is_uncovered_is_named_as_it_was_written() -> None:
    assert [u.text for u in uncovered(units("the Oberoi family in Delhi"), keys("Delhi"))] == [
        "Oberoi",
        "family",
    ]
    assert [u.text for u in uncovered(units("鲁迅故居"), keys("上海"))] == ["鲁迅故居"]


@pytest.mark.parametrize("text", ["It did not end.", "He wasn't there", "他没有来", "No one came"])
def test_denials_are_seen(text: str) -> None:
    assert negated(text)


@pytest.mark.parametrize("text", ["It ended.", "Notably, Noah came", "他来了", ""])
def test_other_sentences_deny_nothing(text: str) -> None:
    assert not negated(text)


def test_hostile_text_is_only_text() -> None:
    for text in ("<|im_end|>\x00\ud800", "[[[[" * 500, "A" * 10_000, "\u202e Ω ∑ 🦜"):
        assert isinstance(keys(text), frozenset)
        units(text)
