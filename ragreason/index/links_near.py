"""Where the links of a passage lead."""

from collections.abc import Iterator

from ragreason.index.links import Links

_NAME_WORTH = 0.3
_SHARED_BY_AT_MOST = 10


def neighbours(links: Links, passage: int) -> dict[int, float]:
    """Passages that `passage` leads to, and how much each link is worth.

    It leads to those whose title it mentions, to those that mention its title, and to those that
    share a name with it which is no title and which at most 10 passages mention. A link is worth
    the entity's rarity, for a shared name 0.3 of that, split among the passages that it leads to
    alike; several links to one passage add up.
    """
    worth: dict[int, float] = {}
    for entity, share, rows in _ways(links, passage):
        for row in rows:
            if row != passage:
                way = share * float(links.idf[entity]) / len(rows)
                worth[row] = worth.get(row, 0.0) + way
    return worth


def _ways(links: Links, passage: int) -> Iterator[tuple[int, float, list[int]]]:
    for entity in links.mentions(passage):
        titled = links.titled_by(entity)
        if titled:
            yield entity, 1.0, titled
            continue
        sharing = links.mentioning(entity)
        if len(sharing) <= _SHARED_BY_AT_MOST:
            yield entity, _NAME_WORTH, sharing
    for entity in links.titles(passage):
        yield entity, 1.0, links.mentioning(entity)
