import pytest

from ragreason.report.forms import numbers, other_form


@pytest.mark.parametrize(
    ("answer", "gold", "form"),
    [
        ("Yes, both of them are.", "yes", "yes_no"),
        ("False", "no", "yes_no"),
        ("不是", "否", "yes_no"),
        ("Two hundred and six bones", "206", "number"),
        ("2.5 million", "2,500,000", "number"),
        ("March 12, 1990", "12 March 1990", "number"),
        ("twenty-two", "22", "number"),
        ("12", "12 km", "number"),
        ("Brand Ilse", "Ilse Brand", "order"),
        ("Paris, France", "Paris", "contains"),
        ("北京市", "北京", "contains"),
        ("Obama", "Barack Obama", "part"),
    ],
)
def test_the_same_content_in_another_form(answer: str, gold: str, form: str) -> None:
    assert other_form(answer, [gold]) == form


@pytest.mark.parametrize(
    ("answer", "gold"),
    [
        ("No", "yes"),
        ("It is unclear", "yes"),
        ("Parisian", "Paris"),  # whole words only
        ("York", "New York City"),  # less than half of it
        ("1991", "1990"),
        ("12 km", "12 miles"),
        ("no", "Notting Hill"),
        ("", "Paris"),
        ("...", "Paris"),
        ("the Nile", "Nile"),  # an exact match is no other form
        ("Paris", "."),
    ],
)
def test_other_content_is_no_form_of_it(answer: str, gold: str) -> None:
    assert other_form(answer, [gold]) is None


def test_any_alias_will_do() -> None:
    assert other_form("The Big Apple, USA", ["New York", "Big Apple"]) == "contains"


def test_numbers_are_read_from_digits_and_words() -> None:
    assert numbers("Two hundred and six bones") == ([206.0], frozenset({"bones"}))
    assert numbers("nineteen, 3,000 or a million") == (
        [19.0, 3000.0],
        frozenset({"or", "million"}),
    )
    assert numbers("one hundred twenty-five thousand") == ([125_000.0], frozenset())
    assert numbers("twenty twelve") == ([20.0, 12.0], frozenset())
