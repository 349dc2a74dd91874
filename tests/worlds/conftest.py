"""A small world whose answers are seen at a glance."""

import pytest

from ragreason.worlds.world import Document, Fact


def _document(title: str, *facts: str) -> Document:
    triples = [fact.split(" | ") for fact in facts]
    stated = tuple(Fact(subject=s, relation=r, object=o) for s, r, o in triples)
    text = " ".join(f"{f.subject} {f.relation} {f.object}." for f in stated)
    return Document(id=title.lower(), title=title, text=text, facts=stated)


@pytest.fixture
def documents() -> list[Document]:
    """Two bridges, their two designers, a club and a prize that share one name."""
    return [
        _document("Fen", "Fen | designed_by | Ada", "Fen | length_m | 1,200"),
        _document("Gill", "Gill | designed_by | Bo", "Gill | length_m | 900"),
        _document("Ada", "Ada | born_in | Ash", "Ada | spouse | Cy"),
        _document("Bo", "Bo | born_in | Elm"),
        _document("Club", "Club | member | Ada", "Club | member | Bo"),
        _document("Prize", "Prize | won_by | Bo", "Prize | won_by | Cy"),
    ]
