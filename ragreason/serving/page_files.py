"""The page at `/` and its files, as they lie in the package; nothing else is let into it."""

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.exceptions import HTTPException

FOLDER = Path(__file__).with_name("page")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The page runs its own files, speaks to its own server, and to nobody else."""
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-cache",
}
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


def routes() -> APIRouter:
    """`/` and `/page/NAME`. The files are read once: no path of a request ever reaches a disk."""
    router = APIRouter(include_in_schema=False)
    files = {path.name: path.read_bytes() for path in FOLDER.iterdir() if path.suffix in _TYPES}

    @router.get("/", response_model=None)
    async def page() -> Response:
        """The page."""
        return _sent("index.html", files)

    @router.get("/page/{name}", response_model=None)
    async def file(name: str) -> Response:
        """One of its scripts, its style sheet, its icon."""
        return _sent(name, files)

    return router


def _sent(name: str, files: dict[str, bytes]) -> Response:
    if name not in files:
        raise HTTPException(404, f"the page has no file '{name}'")
    return Response(files[name], headers=HEADERS, media_type=_TYPES[Path(name).suffix])
