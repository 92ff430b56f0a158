"""Sessions: asks jupyter_server which kernels run, for which documents."""

import asyncio
import time
from typing import Any, cast

from jupyter_core.utils import ensure_async

from cellcost_server.kernels import KernelFact

__all__ = ["Moved", "Sessions"]

Moved = tuple[str, str]
"""Old and new contents path of a document that a session followed."""


class Sessions:
    """The running kernels, remembered from one look to the next."""

    def __init__(self, serverapp: Any) -> None:
        self._app = serverapp
        self._languages: dict[str, str] = {}
        self._up_since: dict[str, float] = {}
        self._paths: dict[str, tuple[str, str]] = {}
        self._moved: list[Moved] = []
        self._facts: tuple[KernelFact, ...] = ()
        self._failure = ""

    async def look(self) -> tuple[KernelFact, ...]:
        """Return the kernels that have a session; the last known if nobody can tell.

        Session managers are replaceable (gateways, hubs): theirs may fail, and figures
        must go on without them.
        """
        try:
            self._facts = await self._look()
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - a foreign manager; told once
            if str(error) != self._failure:
                self._failure = str(error)
                self._app.log.warning("cellcost: no kernels are known: %s", error)
        else:
            self._failure = ""
        return self._facts

    async def _look(self) -> tuple[KernelFact, ...]:
        listed = await ensure_async(self._app.session_manager.list_sessions())
        facts: list[KernelFact] = []
        paths: dict[str, tuple[str, str]] = {}
        for session in cast("list[dict[str, Any]]", listed):
            kernel = cast("dict[str, Any]", session.get("kernel") or {})
            fact = await self._fact(str(session.get("path", "")), kernel)
            facts.append(fact)
            paths[str(session.get("id", ""))] = (fact.kernel_id, fact.path)
        self._notice_moves(paths)
        alive = {fact.kernel_id for fact in facts}
        for gone in self._up_since.keys() - alive:
            del self._up_since[gone]
        return tuple(facts)

    async def moved(self) -> tuple[Moved, ...]:
        """Return the documents that moved since the last time, as sessions tell it.

        Only those whose old file is gone: a kernel may also be lent to another one.
        """
        found, self._moved = self._moved, []
        gone: list[Moved] = []
        for old, new in found:
            manager = self._app.contents_manager
            if not await ensure_async(manager.file_exists(old)):
                gone.append((old, new))
        return tuple(gone)

    async def _fact(self, path: str, kernel: dict[str, Any]) -> KernelFact:
        kernel_id = str(kernel.get("id", ""))
        name = str(kernel.get("name", ""))
        state = str(kernel.get("execution_state", ""))
        if state == "starting":
            self._up_since.pop(kernel_id, None)
        elif state in ("idle", "busy"):
            self._up_since.setdefault(kernel_id, time.monotonic())
        return KernelFact(
            kernel_id=kernel_id,
            path=path,
            name=name,
            language=await self._language(name),
            state=state,
            up_since=self._up_since.get(kernel_id),
        )

    async def _language(self, name: str) -> str:
        if name not in self._languages:
            manager = self._app.kernel_spec_manager
            try:
                spec = await ensure_async(manager.get_kernel_spec(name))
                self._languages[name] = str(getattr(spec, "language", "") or "")
            except asyncio.CancelledError:
                raise
            except Exception:  # noqa: BLE001 - a foreign manager; "" means not known
                self._languages[name] = ""
        return self._languages[name]

    def _notice_moves(self, paths: dict[str, tuple[str, str]]) -> None:
        for session_id, (kernel_id, path) in paths.items():
            before = self._paths.get(session_id)
            if before is not None and before[0] == kernel_id and before[1] != path:
                self._moved.append((before[1], path))
        self._paths = paths
