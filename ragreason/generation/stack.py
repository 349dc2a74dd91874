"""What stands between a run and its engines: response cache, scheduler, counts of prefixes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from ragreason.cache import FILE, ResponseCache
from ragreason.generation.cached import Cached, identity_of
from ragreason.generation.metered import Metered
from ragreason.generation.prefixes import Counted
from ragreason.generation.scheduler import Scheduled, Scheduler
from ragreason.protocols import Generator
from ragreason.settings import Settings


def cache_path(configured: Settings) -> Path:
    """The response cache's file, in the settings' home."""
    return configured.resolved_home() / FILE


def open_cache(configured: Settings) -> ResponseCache:
    """The response cache. Raises ConfigError if it can't be used."""
    return ResponseCache(cache_path(configured), max_bytes=configured.cache_mb << 20)


def behind(
    engines: Mapping[str, Generator], configured: Settings, cache: ResponseCache | None = None
) -> tuple[dict[str, Generator], dict[str, Scheduler]]:
    """The engines of a run by name, each behind its scheduler, and those by the same names.

    An engine given under two names has one scheduler. Its bound is the setting's, or the tokens
    that its KV cache holds where it says so by `kv_tokens`. With a `cache`, replies of engines that
    say what determines them are kept. An engine that is behind a ledger of its own stays as it is.
    """
    made: dict[int, tuple[Generator, Scheduler]] = {}
    bare = {n: e for n, e in engines.items() if not isinstance(e, Metered)}
    for engine in bare.values():
        if id(_inmost(engine)) not in made:
            made[id(_inmost(engine))] = _behind(engine, configured, cache)
    found = {name: made[id(_inmost(engine))] for name, engine in bare.items()}
    return {**engines, **{n: e for n, (e, _) in found.items()}}, {
        n: s for n, (_, s) in found.items()
    }


def _behind(
    engine: Generator, configured: Settings, cache: ResponseCache | None
) -> tuple[Generator, Scheduler]:
    holds = getattr(engine, "kv_tokens", None) or configured.tokens_in_flight
    scheduler = Scheduler(min(configured.tokens_in_flight, holds))
    scheduled: Any = Scheduled(_counted(engine), scheduler)
    if cache is None or identity_of(engine) is None:
        return scheduled, scheduler
    kept: Any = Cached(scheduled, cache)
    return kept, scheduler


def _counted(engine: Generator) -> Generator:
    """An engine that caches prefixes but does not tell what was reusable, told by us."""
    caches = "cached" in engine.capabilities and not getattr(engine, "counts_prefixes", False)
    counted: Any = Counted(engine) if caches else engine
    return cast(Generator, counted)


def _inmost(engine: Generator) -> Any:
    """What two views of one shared engine have in common."""
    return getattr(engine, "shared", engine)
