"""The public names of the package."""

import ast
from importlib import import_module
from pathlib import Path

import pytest
from pydantic import BaseModel

import ragreason
from ragreason import errors, protocols, tree, types

SOURCE = Path(ragreason.__file__)


def names_for_type_checkers() -> dict[str, str]:
    """Name to module, as the imports under TYPE_CHECKING say."""
    body = ast.parse(SOURCE.read_text(encoding="utf-8")).body
    block = next(n for n in body if isinstance(n, ast.If))
    imports = [n for n in block.body if isinstance(n, ast.ImportFrom)]
    return {a.asname or a.name: str(n.module) for n in imports for a in n.names}


def test_type_checkers_and_python_see_the_same_names() -> None:
    at_run_time = {n: m for m, names in ragreason._HOMES.items() for n in names}
    assert names_for_type_checkers() == at_run_time
    assert sorted(ragreason.__all__) == sorted(at_run_time)


@pytest.mark.parametrize("name", ragreason.__all__)
def test_every_name_resolves_to_the_one_in_its_module(name: str) -> None:
    assert getattr(ragreason, name) is getattr(import_module(ragreason._HOME[name]), name)


def test_every_value_protocol_tree_part_and_error_is_public() -> None:
    own = [
        *classes(types, BaseModel),
        *classes(protocols, object),
        *classes(tree, object),
        *classes(errors, Exception),
    ]
    assert set(own) - {"Value"} <= set(ragreason.__all__)
    assert len(own) > 40


def classes(module: object, base: type) -> list[str]:
    name = getattr(module, "__name__", "")
    parts = vars(module).items()
    return [
        n for n, v in parts if isinstance(v, type) and issubclass(v, base) and v.__module__ == name
    ]


def test_the_names_users_start_from_are_public() -> None:
    wanted = {"Agent", "Runner", "open_runner", "load_graph", "build_index", "open_retriever"}
    wanted |= {"open_engine", "load_settings", "Settings"}
    assert wanted <= set(ragreason.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Agnet'"):
        _ = ragreason.Agnet


def test_dir_shows_the_public_names() -> None:
    assert set(ragreason.__all__) < set(dir(ragreason))
