"""The server: routes, guard and errors around a desk."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from ragreason import __version__
from ragreason.errors import ConfigError, RagreasonError, UnknownNameError
from ragreason.serving import chat, page_api, page_files, runs_api
from ragreason.serving.chat_shapes import error_of
from ragreason.serving.desk import RETRY_AFTER_S, Busy, Desk, NoRun
from ragreason.serving.guard import Guard
from ragreason.serving.metrics import Metrics
from ragreason.serving.options import Options

_METRICS = "text/plain; version=0.0.4; charset=utf-8"


def create_app(desk: Desk, options: Options, metrics: Metrics | None = None) -> FastAPI:
    """The application over a desk, which is its opener's to close. Runs that were interrupted go on
    when it starts; at its end those at work have `options.grace_s` to finish.
    """
    counted = metrics or Metrics()

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        await desk.recover()
        yield
        await desk.aclose(options.grace_s)

    app = FastAPI(title="ragreason", version=__version__, lifespan=life)
    app.include_router(chat.routes(desk))
    app.include_router(runs_api.routes(desk))
    app.include_router(page_api.routes(desk))
    app.include_router(page_files.routes())
    app.add_middleware(Guard, options=options, public=_public)

    @app.get("/healthz", tags=["health"])
    async def healthz() -> dict[str, str]:
        """The process is there."""
        return {"status": "ok"}

    @app.get("/readyz", tags=["health"], response_model=None)
    async def readyz() -> Response:
        """It takes questions."""
        status = "ready" if desk.ready else "closing"
        return JSONResponse({"status": status}, 200 if desk.ready else 503)

    @app.get("/metrics", tags=["health"], response_model=None)
    async def metrics_() -> Response:
        """Counters for Prometheus."""
        return Response(counted.text(), media_type=_METRICS)

    _add_errors(app, counted)
    return app


def _public(path: str) -> bool:
    """What needs no key: the page, which asks for one."""
    return path == "/" or path.startswith("/page/")


def _add_errors(app: FastAPI, metrics: Metrics) -> None:
    @app.exception_handler(Busy)
    async def busy(_: Request, error: Busy) -> Response:
        metrics.refused.inc()
        headers = {"Retry-After": str(RETRY_AFTER_S)}
        return JSONResponse(error_of(str(error), "rate_limit_error", "busy"), 429, headers)

    @app.exception_handler(NoRun)
    @app.exception_handler(UnknownNameError)
    async def unknown(_: Request, error: RagreasonError) -> Response:
        return JSONResponse(error_of(str(error), code="not_found"), 404)

    @app.exception_handler(ConfigError)
    async def wrong(_: Request, error: ConfigError) -> Response:
        return JSONResponse(error_of(str(error)), 400)

    @app.exception_handler(RequestValidationError)
    async def malformed(_: Request, error: RequestValidationError) -> Response:
        told = "; ".join(
            f"{'.'.join(map(str, found['loc']))}: {found['msg']}" for found in error.errors()[:5]
        )
        return JSONResponse(error_of(told), 422)

    @app.exception_handler(HTTPException)
    async def http(_: Request, error: HTTPException) -> Response:
        return JSONResponse(error_of(str(error.detail)), error.status_code, error.headers)
