"""Tags that code gives to the calls inside it."""

import asyncio
import contextvars
import gc
import inspect
import threading
from collections.abc import AsyncIterator, Iterator, Mapping

import pytest

import cellcost
from cellcost.context import current_tags


def seen() -> Mapping[str, str]:
    return dict(current_tags())


def test_blocks_add_up_and_the_inner_one_wins() -> None:
    with cellcost.tags(team="search", function="chat"):
        with cellcost.tags(function="rerank", run=7, nothing=None):
            assert seen() == {"team": "search", "function": "rerank", "run": "7"}
        assert seen() == {"team": "search", "function": "chat"}
    assert seen() == {}


def test_an_exception_passes_and_closes_the_block() -> None:
    with pytest.raises(KeyError), cellcost.tags(team="search"):
        raise KeyError("theirs")
    assert seen() == {}


def test_one_object_may_be_entered_again_inside_itself() -> None:
    tags = cellcost.tags(team="search")
    with tags, tags:
        assert seen() == {"team": "search"}
    assert seen() == {}


def test_blocks_closed_out_of_order_leave_what_is_open() -> None:
    outer, inner = cellcost.tags(team="a", x="1"), cellcost.tags(function="b")
    outer.__enter__()
    inner.__enter__()
    outer.__exit__(None, None, None)
    assert seen() == {"function": "b"}
    inner.__exit__(None, None, None)
    assert seen() == {}


def test_a_block_closed_in_another_context_raises_nothing() -> None:
    def body() -> Iterator[int]:
        with cellcost.tags(team="search"):
            yield 1

    generator = body()
    contextvars.copy_context().run(next, generator)
    generator.close()
    assert seen() == {}


def test_a_decorated_function_keeps_its_name_and_signature() -> None:
    @cellcost.tags(team="search")
    def ask(question: str, *, times: int = 1) -> tuple[str, Mapping[str, str]]:
        """Ask."""
        return question * times, seen()

    assert ask("a", times=2) == ("aa", {"team": "search"})
    assert ask.__name__ == "ask"
    assert str(inspect.signature(ask)).startswith("(question: str, *, times: int = 1)")


def test_a_decorated_method_gets_its_self() -> None:
    class Search:
        @cellcost.tags(team="search")
        def ask(self) -> tuple[bool, Mapping[str, str]]:
            return isinstance(self, Search), seen()

    assert Search().ask() == (True, {"team": "search"})


def test_a_decorated_coroutine_function_stays_one() -> None:
    @cellcost.tags(team="search")
    async def ask() -> Mapping[str, str]:
        await asyncio.sleep(0)
        return seen()

    async def both() -> list[Mapping[str, str]]:
        return [*await asyncio.gather(ask(), ask()), seen()]

    assert inspect.iscoroutinefunction(ask)
    assert asyncio.run(both()) == [{"team": "search"}, {"team": "search"}, {}]


def test_a_decorated_generator_tags_its_body_and_not_its_caller() -> None:
    @cellcost.tags(team="search")
    def ask() -> Iterator[Mapping[str, str]]:
        got = yield seen()
        try:
            yield {"got": str(got), **seen()}
        except KeyError:
            yield {"caught": "KeyError", **seen()}
        return "done"

    assert inspect.isgeneratorfunction(ask)
    generator = ask()
    assert next(generator) == {"team": "search"}
    assert seen() == {}
    assert generator.send(5) == {"got": "5", "team": "search"}
    assert generator.throw(KeyError()) == {"caught": "KeyError", "team": "search"}
    with pytest.raises(StopIteration, match="done"):
        next(generator)
    assert seen() == {}


def test_closing_a_decorated_generator_runs_its_cleanup_under_the_tags() -> None:
    cleaned: list[Mapping[str, str]] = []

    @cellcost.tags(team="search")
    def ask() -> Iterator[int]:
        try:
            yield 1
        finally:
            cleaned.append(seen())

    generator = ask()
    next(generator)
    generator.close()
    another = ask()
    next(another)
    del another
    gc.collect()
    assert cleaned == [{"team": "search"}] * 2


def test_a_decorated_async_generator_tags_its_body_and_not_its_caller() -> None:
    @cellcost.tags(team="search")
    async def ask() -> AsyncIterator[Mapping[str, str]]:
        await asyncio.sleep(0)
        got = yield seen()
        try:
            yield {"got": str(got), **seen()}
        except KeyError:
            yield {"caught": "KeyError", **seen()}

    async def use() -> None:
        generator = ask()
        assert await anext(generator) == {"team": "search"}
        assert seen() == {}
        assert await generator.asend(5) == {"got": "5", "team": "search"}
        caught = await generator.athrow(KeyError())
        assert caught == {"caught": "KeyError", "team": "search"}
        assert [item async for item in generator] == []
        assert seen() == {}

    assert inspect.isasyncgenfunction(ask)
    asyncio.run(use())


def test_another_thread_and_another_task_have_their_own_blocks() -> None:
    found: list[Mapping[str, str]] = []

    async def other() -> Mapping[str, str]:
        return seen()

    async def use() -> Mapping[str, str]:
        task = asyncio.ensure_future(other())
        with cellcost.tags(team="search"):
            return await task

    with cellcost.tags(team="main"):
        thread = threading.Thread(target=lambda: found.append(seen()))
        thread.start()
        thread.join()
    assert asyncio.run(use()) == {}
    assert found == [{}]


@pytest.mark.parametrize("thing", [object, 5])
def test_only_functions_can_be_decorated(thing: object) -> None:
    with pytest.raises(TypeError, match="decorates functions"):
        cellcost.tags(team="search")(thing)  # type: ignore[arg-type]
