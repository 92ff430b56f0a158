"""The journal's health: home, file, spools, and the processes that write to it."""

from collections.abc import Iterator
from pathlib import Path

from cellcost.cli.doctor.finding import Finding, fix, note, ok
from cellcost.errors import JournalError
from cellcost.home import is_writable
from cellcost.journal import Reader, WriterRow, damage, repair
from cellcost.journal.inspection import JournalFacts, inspect

__all__ = ["findings", "repair_journal"]

_LONG_WAL_BYTES = 64 << 20
_NOT_CAPTURED = "not captured"


def repair_journal(home: Path) -> str:
    """Set a damaged journal aside; return what was done. Raises JournalError."""
    done = repair(home)
    events = "1 event" if done.events == 1 else f"{done.events:,} events"
    return f"Kept the damaged journal as {done.kept}; {events} of it go on."


def findings(home: Path) -> Iterator[Finding]:
    """Yield what is to say about the journal in `home`."""
    yield _home(home)
    facts = inspect(home)
    if facts.on_network:
        yield note(
            "home",
            f"{home} is on a network file system: records go through the spool",
            "set CELLCOST_HOME to a folder on a local disk",
        )
    yield from _file(home, facts)
    yield from _waiting(facts)


def _home(home: Path) -> Finding:
    if home.exists() and not home.is_dir():
        return fix(
            "home",
            f"{home} is not a folder",
            "set CELLCOST_HOME to a folder, or move it",
        )
    if is_writable(home):
        return ok("home", f"{home} can be written")
    fallback = inspect(home).fallback
    return fix(
        "home",
        f"{home} cannot be written: records wait in {fallback}, then in memory",
        "make it writable, free disk space, or set CELLCOST_HOME",
    )


def _file(home: Path, facts: JournalFacts) -> Iterator[Finding]:
    if not facts.exists:
        yield ok("journal", "none yet; the first captured call makes it")
        return
    broken = damage(home)
    if broken:
        yield fix(
            "journal",
            f"{facts.path} is damaged: {broken}",
            "cellcost doctor --repair sets it aside and keeps what can be read",
        )
        return
    yield from _schema(facts)
    try:
        with Reader(home) as reader:
            installation = reader.installation
            running = len(reader.pending())
            writers = reader.writers()
    except JournalError as error:
        yield fix(
            "journal", str(error).partition(";")[0], "make the file readable for you"
        )
        return
    size = _size_text(facts.size_bytes + facts.wal_bytes)
    yield ok(
        "journal",
        f"{facts.path} is whole, {size}, schema {facts.schema},"
        f" installation {installation}",
    )
    if facts.wal_bytes > _LONG_WAL_BYTES:
        yield note(
            "journal",
            f"its write-ahead log is {_size_text(facts.wal_bytes)}: some process reads"
            " from it without pause",
            "close old Jupyter servers and kernels",
        )
    yield from _writers(writers, running)


def _schema(facts: JournalFacts) -> Iterator[Finding]:
    if facts.schema > facts.known_schema:
        yield note(
            "journal",
            f"written by a newer cellcost (schema {facts.schema}, this one knows"
            f" {facts.known_schema})",
            "update cellcost in this environment",
        )


def _writers(writers: tuple[WriterRow, ...], running: int) -> Iterator[Finding]:
    alive = [writer for writer in writers if writer.alive]
    dead = [writer for writer in writers if not writer.alive and writer.ended is None]
    calls = "1 call" if running == 1 else f"{running} calls"
    yield ok(
        "writers",
        f"{_processes(len(alive))} metered now, {calls} in flight",
    )
    if dead:
        yield note(
            "writers",
            f"{_processes(len(dead))} ended without a word",
            "cellcost report settles their calls; so does a Jupyter server",
        )
    for writer in alive:
        word, _, said = writer.stacks.get("journal", "").partition(":")
        if word == "lost":
            yield note(
                "writers",
                f"process {writer.pid} on {writer.host} lost records: {said.strip()}",
                "its figures are lower bounds; restart it once the journal is well",
            )
    missed = {
        (stack, state)
        for writer in alive
        for stack, state in writer.stacks.items()
        if state.startswith(_NOT_CAPTURED)
    }
    for stack, state in sorted(missed):
        yield note(
            "writers",
            f"calls through {stack} are {state}",
            f"update cellcost, or an older {stack}; until then their cost is missing",
        )


def _waiting(facts: JournalFacts) -> Iterator[Finding]:
    if facts.waiting_bytes:
        yield note(
            "spool",
            f"{_size_text(facts.waiting_bytes)} of records wait to reach the journal",
            "cellcost report brings them home",
        )
    else:
        yield ok("spool", "nothing waits")
    for path in facts.rejected:
        yield fix(
            "spool",
            f"{path} holds records that the journal cannot take",
            "read the reasons in it; delete it when they are settled",
        )


def _processes(count: int) -> str:
    return "1 process" if count == 1 else f"{count} processes"


def _size_text(size: int) -> str:
    if size < 1_000_000:
        return f"{size / 1_000:.0f} kB" if size >= 1_000 else f"{size} bytes"
    return f"{size / 1_000_000:,.1f} MB"
