"""A small TCP load balancer: round robin, passing over servers that are down."""

import asyncio
import itertools
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

__all__ = ["Balancer"]


class Balancer:
    """Listens on a loopback port until closed; `targets` tells the servers' ports."""

    def __init__(self, targets: Callable[[], Sequence[int]]) -> None:
        self._targets = targets
        self._turn = itertools.count()
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._ended = asyncio.Event()
        self.port = 0
        self.served: dict[int, int] = {}
        """How many connections each port got."""
        self._thread = threading.Thread(
            target=self._loop.run_until_complete, args=(self._run(),)
        )
        self._thread.start()
        self._ready.wait()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join()
        self._loop.close()

    async def _run(self) -> None:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._ended.wait()
        server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            there = await self._open()
            if there is None:
                return
            to_reader, to_writer = there
            try:
                ways = [_pass(reader, to_writer), _pass(to_reader, writer)]
                tasks = [asyncio.ensure_future(way) for way in ways]
                # Either end that closes ends the connection, as a server's death does.
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
            finally:
                to_writer.close()
        finally:
            writer.close()

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        ports = list(self._targets())
        first = next(self._turn)
        for n in range(len(ports)):
            port = ports[(first + n) % len(ports)]
            with suppress(OSError):
                found = await asyncio.open_connection("127.0.0.1", port)
                self.served[port] = self.served.get(port, 0) + 1
                return found
        return None


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while part := await reader.read(65536):
            writer.write(part)
            await writer.drain()
