"""Names to parts: built in, installed, imported on request."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import Field, ValidationError

from ragreason import registry
from ragreason.errors import ConfigError, UnknownNameError
from ragreason.generation.scripted import Scripted
from ragreason.protocols import Retriever
from ragreason.registry import BUILT_IN, KINDS, Kind, injected, known, load, parameters
from tests.graphs.courses import Course

PLUGIN = '''
from dataclasses import dataclass


@dataclass(frozen=True)
class Coin:
    """A strategy of a package of its own."""

    wants = frozenset()
    sides: int = 2

    def decide(self, tree, spent):
        return None

    def finish(self, tree):
        return None
'''


@pytest.fixture
def fresh() -> Iterator[None]:
    """The registry forgets which packages are installed, before and after."""
    registry._installed.cache_clear()
    yield
    registry._installed.cache_clear()


@pytest.fixture
def plugin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh: None
) -> Iterator[Callable[[str], None]]:
    """Install a package whose entry points are the given text."""

    def install(entry_points: str) -> None:
        (tmp_path / "coin_plugin.py").write_text(PLUGIN)
        info = tmp_path / "coin_plugin-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: coin-plugin\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(entry_points)
        monkeypatch.syspath_prepend(tmp_path)

    yield install
    sys.modules.pop("coin_plugin", None)


every_part = pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind in KINDS for name in BUILT_IN[kind]]
)


@every_part
def test_every_built_in_part_loads_and_its_parameters_can_be_checked(kind: Kind, name: str) -> None:
    part = load(kind, name)
    assert part.__doc__, f"{kind} {name} has no docstring"
    assert parameters(part).model_json_schema()["additionalProperties"] is False


def test_every_kind_has_parts() -> None:
    assert set(BUILT_IN) == set(KINDS)
    assert all(known(kind) for kind in KINDS)


def test_an_unknown_name_offers_the_nearest_and_the_way_out() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'retrieve'") as caught:
        load("nodes", "retreive")
    assert "unknown node kind 'retreive'" in str(caught.value)
    assert "or give 'module:attr'" in str(caught.value)


def test_an_installed_package_adds_a_part(plugin: Callable[[str], None]) -> None:
    plugin("[ragreason.strategies]\ncoin = coin_plugin:Coin\n")
    assert "coin" in known("strategies")
    assert load("strategies", "coin").__name__ == "Coin"
    assert set(parameters(load("strategies", "coin")).model_fields) == {"sides"}
    assert "coin" not in known("policies")


def test_an_installed_package_cannot_replace_a_built_in_part(
    plugin: Callable[[str], None],
) -> None:
    plugin("[ragreason.strategies]\ngreedy = coin_plugin:Coin\n")
    assert load("strategies", "greedy").__module__ == "ragreason.search.greedy"


def test_a_broken_installed_package_is_named(plugin: Callable[[str], None]) -> None:
    plugin("[ragreason.strategies]\ncoin = coin_plugin:Dice\nlost = no_such_module:X\n")
    with pytest.raises(ConfigError, match="'coin_plugin' has no attribute 'Dice'"):
        load("strategies", "coin")
    with pytest.raises(ConfigError, match="needs the package 'no_such_module'"):
        load("strategies", "lost")


def test_a_module_is_imported_only_if_allowed(plugin: Callable[[str], None]) -> None:
    plugin("")
    with pytest.raises(ConfigError, match="allow it with --allow-import coin_plugin"):
        load("strategies", "coin_plugin:Coin")
    assert "coin_plugin" not in sys.modules
    assert load("strategies", "coin_plugin:Coin", {"coin_plugin"}).__name__ == "Coin"


def test_an_allowed_module_without_the_attribute_says_so() -> None:
    with pytest.raises(ConfigError, match="'json' has no attribute 'Nope'"):
        load("strategies", "json:Nope", ["json"])


@dataclass(frozen=True)
class Sampled:
    """A part with parameters and injected parts."""

    engine: Any
    n: Annotated[int, Field(ge=1, le=64)] = 8
    mode: str = "mean"
    verifier: Any = None


def test_parameters_leave_out_injected_parts() -> None:
    assert set(parameters(Sampled).model_fields) == {"n", "mode"}
    assert injected(Sampled) == {"engine", "verifier"}


@pytest.mark.parametrize("bad", [{"n": 0}, {"n": 65}, {"n": "many"}, {"m": 8}, {"engine": 1}])
def test_parameters_are_checked(bad: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match=next(iter(bad))):
        parameters(Sampled)(**bad)


def test_parameters_have_the_parts_defaults() -> None:
    assert parameters(Sampled)().model_dump() == {"n": 8, "mode": "mean"}


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("def x(", "can't be imported: SyntaxError"),
        ("None.x", "can't be imported: AttributeError"),
        ("import no_such_package", "needs the package 'no_such_package'"),
        ("y = 1", "has no attribute 'Part'"),
        ("class Part: reads = ()", "is no node kind: expected a class with reads, writes"),
        ("def Part(): pass", "is no node kind: expected a class with reads, writes"),
    ],
)
def test_a_module_that_holds_no_part_is_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, said: str
) -> None:
    (tmp_path / "own_parts.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "own_parts", raising=False)
    with pytest.raises(ConfigError) as caught:
        load("nodes", "own_parts:Part", ["own_parts"])
    assert said in str(caught.value)
    sys.modules.pop("own_parts", None)


TOOL_PLUGIN = '''
from ragreason import ToolResult


class Shout:
    """Says it louder."""

    name = "shout"
    description = "say it louder"
    parameters = {"type": "object", "properties": {"text": {"type": "string"}}}

    async def run(self, arguments, shown):
        return ToolResult(arguments["text"].upper())
'''


async def test_an_installed_package_adds_a_tool_that_an_agent_calls(
    plugin: Callable[[str], None], tmp_path: Path, index_dir: Path, retriever: Retriever
) -> None:
    plugin("[ragreason.tools]\nshout = shout_plugin:Shout\n")
    (tmp_path / "shout_plugin.py").write_text(TOOL_PLUGIN)
    call = '<tool_call>{"name": "shout", "arguments": {"text": "hello"}}</tool_call>'
    engine = Scripted([call, "HELLO", "HELLO"])
    run = await Course(retriever, index_dir).run("agent", engine, "act.policy.tools=[shout]")
    steps = [event.step for event in run.events if event.step is not None]
    assert (steps[0].tool, steps[0].result) == ("shout", "HELLO")
    sys.modules.pop("shout_plugin", None)


async def test_a_tool_of_a_module_is_allowed_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shout_module.py").write_text(TOOL_PLUGIN)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigError, match="allow it with --allow-import shout_module"):
        load("tools", "shout_module:Shout")
    assert load("tools", "shout_module:Shout", {"shout_module"}).name == "shout"
    sys.modules.pop("shout_module", None)
