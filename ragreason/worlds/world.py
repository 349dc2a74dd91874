"""What a world is made of: facts, the documents that state them, and questions over them."""

from typing import Literal

from ragreason.types import Value

QuestionType = Literal["bridge", "comparison", "intersection"]
Triple = tuple[str, str, str]

SYMMETRIC = frozenset({"sibling", "spouse", "twin_town"})
"""Relations that hold in both directions wherever they are stated in one."""


class Fact(Value):
    """`subject` stands in `relation` to `object`: an entity's name, a number or a year."""

    subject: str
    relation: str
    object: str

    @property
    def triple(self) -> Triple:
        """(subject, relation, object)."""
        return (self.subject, self.relation, self.object)


class Document(Value):
    """A text and every fact that it states. `title` is unique in its world."""

    id: str
    title: str
    text: str
    facts: tuple[Fact, ...] = ()


class Comparison(Value):
    """Binds `winner` to the option whose number under `relation` is the most or the least.

    An option is a name or a variable; a tie or a missing number has no winner.
    """

    options: tuple[str, str]
    relation: str
    pick: Literal["most", "least"]
    winner: str = "?winner"


class Query(Value):
    """A question's logical form: triples with variables (`?x`) that must all hold at once.

    The answers are the values of `answer`. With `claim` (a name or variable) the answer is instead
    "yes" where the comparison's winner is the claimed one, else "no".
    ("Fen Bridge", "designed_by", "?a"), ("?a", "born_in", "?b") with answer "?b" asks where the
    designer of Fen Bridge was born.
    """

    patterns: tuple[Triple, ...] = ()
    answer: str = ""
    comparison: Comparison | None = None
    claim: str | None = None


class WorldQuestion(Value):
    """A question with all that is known of its answer.

    `supporting` holds the titles of the documents that are needed, in reasoning order, and `hops`
    their number; `path` holds the facts used; `query` is what the solver proves it from.
    """

    id: str
    question: str
    answer: str
    aliases: tuple[str, ...] = ()
    type: QuestionType
    hops: int
    supporting: tuple[str, ...]
    path: tuple[Triple, ...]
    query: Query


class World(Value):
    """Documents and questions; `seed` is None for a world written by hand."""

    documents: tuple[Document, ...]
    questions: tuple[WorldQuestion, ...]
    seed: int | None = None
