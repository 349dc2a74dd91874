"""`/v1/graphs`: what is served, as pictures, and a graph's text checked while it is written."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from ragreason.errors import ConfigError, UnknownNameError
from ragreason.graph.definition import Definition
from ragreason.graph.draft import read_draft
from ragreason.graph.picture import Picture, picture
from ragreason.graph.starter import starter
from ragreason.graph.yaml import read_text
from ragreason.serving.desk import Desk

MOST_CHARS = 64 * 1024


class DraftRequest(BaseModel):
    """The text of a graph file."""

    model_config = ConfigDict(extra="forbid")
    text: Annotated[str, Field(max_length=MOST_CHARS)]


def routes(desk: Desk) -> APIRouter:
    """What the page asks about graphs. Nothing is written; nothing that a text names is read."""
    router = APIRouter(prefix="/v1", tags=["graphs"])

    @router.get("/graphs")
    def graphs() -> dict[str, Any]:
        """The served graphs, each with where its nodes and arrows are drawn."""
        served = {name: runner.graph.definition for name, runner in desk.runners.items()}
        return {"graphs": [{**about(d), "name": name} for name, d in served.items()]}

    @router.get("/graphs/{graph}/text")
    def text(graph: str) -> dict[str, str]:
        """A served graph's file, to begin another one from."""
        if graph not in desk.runners:
            raise UnknownNameError("graph", graph, desk.runners)
        path = desk.runners[graph].graph.definition.origin.path
        try:
            return {"text": read_text(Path(path)) if path is not None else starter(graph)}
        except ConfigError:  # the file is gone since
            return {"text": starter(graph)}

    @router.post("/graphs/validate")
    def validate(body: DraftRequest) -> dict[str, Any]:
        """What is wrong with a graph's text, by line, and its drawing where it has one."""
        draft = read_draft(body.text)
        known = draft.definition
        return {
            "messages": [asdict(complaint) for complaint in draft.complaints],
            "name": "" if known is None else known.name,
            "description": "" if known is None else known.description,
            "drawing": None if draft.drawing is None else drawn(draft.drawing),
        }

    return router


def about(definition: Definition) -> dict[str, Any]:
    """A graph as the page shows it."""
    uses = [spec.use for spec in definition.nodes.values()]
    return {
        "name": definition.name,
        "paradigm": definition.paradigm,
        "description": definition.description,
        "source": definition.source,
        "nodes": list(definition.nodes),
        "reads_history": "stand_alone" in uses,
        "drawing": drawn(picture(definition)),
    }


def drawn(found: Picture) -> dict[str, Any]:
    """A picture as plain values: boxes by their centres, arrows by SVG paths, in pixels."""
    arrows = [{**asdict(a.arrow), **_place(a), "path": a.path} for a in found.arrows]
    nodes = [{"name": n.name, "detail": n.detail, "use": n.use, **_place(n)} for n in found.nodes]
    return {"nodes": nodes, "arrows": arrows, "width": found.width, "height": found.height}


def _place(found: Any) -> dict[str, float]:
    return {key: round(getattr(found, key), 1) for key in ("x", "y", "width", "height")}
