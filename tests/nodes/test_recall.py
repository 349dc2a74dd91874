"""Where solved questions are recalled from."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ragreason import settings as settings_module
from ragreason.embedding.hashing import HashingEmbedder
from ragreason.errors import DataError
from ragreason.experience import Solved, Store, shipped_store
from ragreason.nodes.recall import Recall
from ragreason.state import initial
from ragreason.types import Question

ASKED = initial(Question(id="q", text="Who founded the mill that sponsors the Morn Regatta?"))
OWN = Solved(question="Who founded the Tin Mill?", answer="Hugo Larch")


@pytest.fixture(autouse=True)
def fresh_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RAGREASON_EXPERIENCE", raising=False)
    settings_module.settings.cache_clear()
    yield
    settings_module.settings.cache_clear()


async def recalled(**options: object) -> list[dict[str, str]]:
    node = Recall("recall", HashingEmbedder(), **options)  # type: ignore[arg-type]
    examples: list[dict[str, str]] = (await node(ASKED))["examples"]
    return examples


async def test_the_most_similar_comes_last_next_to_the_question() -> None:
    shipped = await recalled(k=2)
    assert len(shipped) == 2
    assert shipped[-1]["answer"] == "Joss Arkwell"
    assert shipped[-1:] == await recalled(k=1)


async def test_a_setting_names_the_store_and_a_parameter_goes_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Store(tmp_path / "own").add([OWN])
    monkeypatch.setenv("RAGREASON_EXPERIENCE", str(tmp_path / "own"))
    settings_module.settings.cache_clear()
    assert [one["answer"] for one in await recalled()] == ["Hugo Larch"]
    assert await recalled(store=str(tmp_path / "none")) == []


def test_a_damaged_store_is_told_when_the_graph_is_loaded(tmp_path: Path) -> None:
    Store(tmp_path).file.write_text("{}\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"solved\.jsonl:1"):
        Recall("recall", HashingEmbedder(), store=str(tmp_path))


def test_the_fingerprint_is_that_of_what_the_store_holds(tmp_path: Path) -> None:
    assert Recall.fingerprint({}) == shipped_store().digest
    empty = Recall.fingerprint({"store": str(tmp_path)})
    Store(tmp_path).add([OWN])
    assert Recall.fingerprint({"store": str(tmp_path)}) not in {empty, Recall.fingerprint({})}
