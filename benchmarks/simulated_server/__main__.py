"""Serve until it is interrupted, or until its input ends."""

import argparse
import asyncio
import sys

from benchmarks.simulated_server.serve import Simulated


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.simulated_server")
    parser.add_argument("--port", type=int, default=8000, help="0: any that is free")
    parser.add_argument("--until-input-ends", action="store_true", help="end with the parent")
    given = parser.parse_args()
    asyncio.run(serve(given.port, given.until_input_ends))


async def serve(port: int, until_input_ends: bool) -> None:
    server = Simulated()
    print(await server.start(port), flush=True)
    if until_input_ends:
        await asyncio.to_thread(sys.stdin.read)
    else:
        await asyncio.Event().wait()
    await server.close()


if __name__ == "__main__":
    main()
