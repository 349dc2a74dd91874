"""An application served on a port until the process is told to end."""

import signal
from collections.abc import Callable
from typing import Any

from ragreason.errors import ConfigError
from ragreason.serving.options import Options


async def listen(app: Any, options: Options, on_up: Callable[[int], None] = lambda _: None) -> None:
    """Serve an ASGI application; `on_up` is told the port. Raises ConfigError where it is taken."""
    import uvicorn

    class Server(uvicorn.Server):
        async def startup(self, sockets: Any = None) -> None:
            await super().startup(sockets)
            if self.started:
                on_up(self.servers[0].sockets[0].getsockname()[1])

        def handle_exit(self, sig: int, frame: Any) -> None:  # noqa: ARG002
            # Ends the server only: it would raise the signal again, and what is open here
            # would never be closed.
            self.force_exit = self.should_exit and sig == signal.SIGINT
            self.should_exit = True

    config: Any = uvicorn.Config(
        app,
        host=options.host,
        port=options.port,
        log_level="warning",
        timeout_graceful_shutdown=max(1, round(options.grace_s)),
        server_header=False,
    )
    try:
        await Server(config).serve()
    except SystemExit:
        raise ConfigError(
            f"can't listen at {options.host}:{options.port}; is the port taken? try another --port"
        ) from None
