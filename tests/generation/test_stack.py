"""What stands between a run and its engines."""

from pathlib import Path
from typing import Any, cast

import pytest

from ragreason.generation.cached import Cached
from ragreason.generation.metered import Metered
from ragreason.generation.prefixes import Counted
from ragreason.generation.scheduler import Scheduled
from ragreason.generation.scripted import Scripted
from ragreason.generation.shared import share
from ragreason.generation.stack import behind, open_cache
from ragreason.protocols import Generator
from ragreason.settings import Settings


def engine(**says: Any) -> Generator:
    made: Any = Scripted(default="x")
    for name, value in says.items():
        setattr(made, name, value)
    return cast(Generator, made)


@pytest.fixture
def configured(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, tokens_in_flight=1000)


@pytest.mark.parametrize(("holds", "bound"), [(None, 1000), (400, 400), (5000, 1000)])
def test_the_bound_is_the_kv_cache_or_the_setting_whichever_is_less(
    configured: Settings, holds: int | None, bound: int
) -> None:
    _, schedulers = behind({"main": engine(kv_tokens=holds)}, configured)
    assert schedulers["main"].bound == bound


def test_an_engine_under_two_names_has_one_scheduler_views_of_a_shared_one_too(
    configured: Settings,
) -> None:
    one, other = engine(), engine()
    views = {name: cast(Generator, share(("stack",), engine)) for name in ("a", "b")}
    named = {"main": one, "small": one, "judge": other, **views}
    engines, schedulers = behind(named, configured)
    assert engines["main"] is engines["small"]
    assert schedulers["main"] is schedulers["small"] is not schedulers["judge"]
    assert schedulers["a"] is schedulers["b"]


def test_only_engines_that_say_what_they_are_are_cached(configured: Settings) -> None:
    cache = open_cache(configured)
    engines, _ = behind({"known": engine(identity="k"), "other": engine()}, configured, cache)
    assert isinstance(engines["known"], Cached)
    assert isinstance(engines["other"], Scheduled)
    engines, _ = behind({"known": engine(identity="k")}, configured)
    assert isinstance(engines["known"], Scheduled)
    cache.close()


def test_prefixes_are_counted_for_engines_that_cache_and_do_not_tell(configured: Settings) -> None:
    caches = Scripted.capabilities | {"cached"}
    named = {
        "tells": engine(capabilities=caches, counts_prefixes=True),
        "caches": engine(capabilities=caches),
        "neither": engine(),
    }
    engines, _ = behind(named, configured)
    counted = {n: isinstance(cast(Any, e).engine, Counted) for n, e in engines.items()}
    assert counted == {"tells": False, "caches": True, "neither": False}


def test_an_engine_behind_its_own_ledger_stays_as_it_is(configured: Settings) -> None:
    metered = cast(Generator, Metered(engine()))
    engines, schedulers = behind({"main": metered}, configured)
    assert engines == {"main": metered}
    assert schedulers == {}
