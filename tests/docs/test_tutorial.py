"""The tutorial notebook runs. Its cells are run here as a notebook does, without a kernel."""

import ast
import inspect
import json
from pathlib import Path
from typing import Any

import pytest

NOTEBOOK = Path(__file__).parents[2] / "docs/tutorial.ipynb"
CELLS: list[dict[str, Any]] = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]


async def shown(source: str, names: dict[str, Any]) -> Any:
    """Run a cell, `await` at its top allowed; what its last line gives is what is shown."""
    body = ast.parse(source).body
    last = body[-1]
    if not isinstance(last, ast.Expr):
        return await _run(ast.Module(body, []), "exec", names)
    await _run(ast.Module(body[:-1], []), "exec", names)
    return await _run(ast.Expression(last.value), "eval", names)


async def _run(tree: ast.Module | ast.Expression, mode: str, names: dict[str, Any]) -> Any:
    code = compile(tree, str(NOTEBOOK), mode, flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    result = eval(code, names)
    return await result if inspect.iscoroutine(result) else result


async def test_every_cell_runs_and_results_show_themselves(
    workplace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (workplace / "s.yaml").write_text("default: Ilva Trennick\n", encoding="utf-8")
    monkeypatch.setenv("RAGREASON_MODEL", "scripted:s.yaml")
    names: dict[str, Any] = {"__name__": "__main__"}
    code = ["".join(cell["source"]) for cell in CELLS if cell["cell_type"] == "code"]
    results = [await shown(source, names) for source in code]
    pages = [r._repr_html_() for r in results if hasattr(r, "_repr_html_")]
    assert len(pages) == 3, "an answer, a run and a tree"
    assert "cited" in pages[0]
    assert "a tree of" in pages[1]
    assert "<table" in pages[2]
    assert "searched for Where was the composer" in capsys.readouterr().out


def test_it_is_kept_without_results() -> None:
    """They would be out of date; the links lead somewhere."""
    assert all(not cell["outputs"] for cell in CELLS if cell["cell_type"] == "code")
    assert len({cell["id"] for cell in CELLS}) == len(CELLS)
