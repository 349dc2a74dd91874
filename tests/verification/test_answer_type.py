import pytest

from ragreason.types import Question, Step, Trajectory
from ragreason.verification.answer_type import UNKNOWN, Typed
from ragreason.verification.expected import AnswerType, expected


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("Who directed the film that was shot in Leland?", "person"),
        ("By whom was it built?", "person"),
        ("When did the war end?", "date"),
        ("On what date did he die?", "date"),
        ("The actor that plays X was born in what year?", "year"),
        ("Ada Vex, who played in it, was born in which year?", "year"),
        ("How many seats does the arena hold?", "number"),
        ("What is the population of the town?", "number"),
        ("Where was the composer buried?", "place"),
        ("In which city was the man who built it born?", "place"),
        ("What country is the singer from?", "place"),
        ("Were Scott Derrickson and Ed Wood of the same nationality?", "yes or no"),
        ("Would a pear sink in water?", "yes or no"),
        ("Which magazine was started first Arthur's Magazine or First for Women?", "choice"),
        ("Who was born first, Ada Vex or Bo Lin?", "choice"),
        ("Is Ada Vex or Bo Lin older?", "choice"),
        ("What is the name of the city or town where he lived?", None),
        ("What nationality is the director?", None),
        ("", None),
        ("谁导演了这部电影？", "person"),
        ("鲁迅是哪一年出生的？", "year"),
        ("他什么时候去世？", "date"),
        ("这座桥有多少米长？", "number"),
        ("作者是哪国人？", "place"),
        ("鲁迅出生在哪里？", "place"),
        ("李白和杜甫是同时代的人吗？", "yes or no"),
        ("李白是否到过长安？", "yes or no"),
        ("李白还是杜甫年纪更大？", "choice"),
        ("这部小说讲什么？", None),
    ],
)
def test_the_interrogative_tells_what_is_asked_for(question: str, kind: AnswerType | None) -> None:
    assert expected(question) == kind


@pytest.mark.parametrize(
    ("question", "fitting", "other"),
    [
        (
            "Who wrote it?",
            ["Stephen King", "J. R. R. Tolkien", "Ludwig van Beethoven", "Åsa Öberg"],
            ["1974", "a potato", "yes", "wrote it", "4,000"],
        ),
        ("When did it end?", ["8 May 1945", "May 1945", "1945", "12 BC"], ["Berlin", "yes"]),
        ("In what year was it?", ["1947", "in 1947"], ["May", "Stephen King", "yes"]),
        ("How many are there?", ["3,677", "twenty-one", "about 5 million"], ["Maine", "yes"]),
        ("Where is it?", ["Vienna", "in Vienna, Austria"], ["1945", "buried at sea", "no"]),
        ("Is it red?", ["yes", "No", "True"], ["red", "1945"]),
        ("Which is older, Ada Vex or Bo Lin?", ["Ada Vex", "Bo Lin"], ["Eve", "1945", "yes"]),
        ("Is Ada Vex or Bo Lin older?", ["Bo Lin", "no"], ["Eve"]),
        ("谁写的？", ["鲁迅", "史蒂文·金"], ["1990年", "不是"]),
        ("在哪里？", ["绍兴"], ["1881年", "是"]),
        ("哪一年？", ["1881年"], ["绍兴"]),
        ("有多少人？", ["120", "一百二十人"], ["北京"]),
    ],
)
async def test_answers_of_the_kind_score_one_and_others_nothing(
    question: str, fitting: list[str], other: list[str]
) -> None:
    assert await scores(question, fitting) == [1.0] * len(fitting)
    assert await scores(question, other) == [0.0] * len(other)


async def test_a_name_among_other_words_is_in_between() -> None:
    assert await scores("Who wrote it?", ["the writer Stephen King"]) == [0.5]
    assert await scores("Is it?", ["Yes, it is"]) == [0.5]
    assert await scores("When was it?", ["19th century", "3/4/99"]) == [0.5, 0.5]


async def test_an_open_question_is_neither_for_nor_against() -> None:
    found = await Typed().judge(Question(id="q", text="What is it?"), [answered("a potato")])
    assert found[0].score == UNKNOWN
    assert "does not tell" in found[0].reason


async def test_the_reason_names_what_was_asked_for() -> None:
    question = Question(id="q", text="Who wrote it?")
    good, bad, none = await Typed().judge(question, [answered(a) for a in ("King [1]", "7", " ")])
    assert good.reason == "asked for: person; the answer is such"
    assert bad.reason == "asked for: person; the answer is no such"
    assert (none.score, none.label) == (0.0, "none")


def answered(text: str) -> Trajectory:
    return Trajectory(steps=(Step(kind="answer", text=text, answer=text),))


async def scores(question: str, answers: list[str]) -> list[float]:
    asked = Question(id="q", text=question)
    return [v.score for v in await Typed().judge(asked, [answered(a) for a in answers])]
