"""Kill -9 at every step of the protocol: nothing acknowledged is lost or doubled."""

import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from subprocess import Popen

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from journal_law import check_the_law

from cellcost.journal import JOURNAL_FILE, Reader, Recovered, Writer, recover
from cellcost.testing.records import intent_of, make_event, make_lines

Spawn = Callable[..., "Popen[str]"]

CALL_STEPS = [
    "open.begun",
    "open.locked",
    "intent.begun",
    "intent.written",
    "settle.begun",
    "settle.seq_taken",
    "settle.event_written",
    "settle.intent_dropped",
]


@pytest.mark.parametrize("step", CALL_STEPS)
def test_a_kill_at_any_step_of_a_call_loses_nothing(
    home: Path, spawn: Spawn, step: str
) -> None:
    child = spawn(
        """
        step = sys.argv[1]
        writer = make_writer()
        if not step.startswith("open"):
            for _ in range(3):
                event = make_event()
                writer.begin(intent_of(event)); writer.settle(event)
                say("settled", event.id)
        writer._at = kill_at(step)
        event = make_event()
        writer.begin(intent_of(event))
        say("begun", event.id)
        writer.settle(event)
        say("settled", event.id)
        """,
        step,
    )
    out, _ = child.communicate(timeout=30)
    assert child.returncode == -9
    said = [line.split() for line in out.splitlines()]
    settled = {id_ for word, id_ in said if word == "settled"}
    begun = {id_ for word, id_ in said if word == "begun"}
    recover(home)
    if not (home / JOURNAL_FILE).exists():
        assert not settled | begun
        return
    costs = check_the_law(home)
    assert settled | begun <= set(costs)
    full = sum(line.cost_nusd or 0 for line in make_lines())
    assert all(costs[id_] == full for id_ in settled)
    assert recover(home).events == 0


def test_a_killed_process_leaves_the_gpu_time_that_it_last_told(
    home: Path, spawn: Spawn
) -> None:
    child = spawn(
        """
        from cellcost.records import Live
        writer = make_writer()
        used = gpu_event(busy_ms=41_000, cost_nusd=34_000_000)
        writer.begin(intent_of(used))
        writer.update_live([Live(id=used.id, time=used.time, lines=used.lines)])
        os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    child.communicate(timeout=30)
    assert recover(home).events == 1
    (event,) = Reader(home).events()
    assert (event.kind, event.confidence) == ("gpu", "partial")
    assert [(line.meter, line.quantity) for line in event.lines] == [
        ("gpu_busy", 41_000)
    ]
    assert "last seconds" in event.note
    check_the_law(home)


@pytest.mark.parametrize(
    "step",
    ["spool.set_aside", "spool.batch_stored", "spool.stored", "recover.locked",
     "recover.settled", "recover.committed"],
)  # fmt: skip
def test_a_kill_at_any_step_of_recovery_counts_nothing_twice(
    home: Path, spawn: Spawn, step: str
) -> None:
    dead = spawn(
        """
        writer = make_writer()
        first, second = make_event(), make_event()
        writer.begin(intent_of(first))
        spooling = make_writer(network=True)
        spooling.begin(intent_of(second)); spooling.settle(second)
        say(first.id, second.id)
        os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    first, second = dead.communicate(timeout=30)[0].split()
    importer = spawn("recover(home, at=kill_at(sys.argv[1]))", step)
    importer.communicate(timeout=30)
    assert importer.returncode == -9
    recover(home)
    costs = check_the_law(home)
    assert set(costs) == {first, second}
    assert costs[second] == sum(line.cost_nusd or 0 for line in make_lines())
    assert costs[first] == 80 * 250
    assert recover(home).spooled == 0


def test_a_slow_call_of_a_living_process_is_never_declared_dead(
    home: Path, spawn: Spawn
) -> None:
    child = spawn(
        """
        writer = make_writer()
        event = make_event()
        writer.begin(intent_of(event))
        say(event.id)
        sys.stdin.readline()
        writer.settle(event)
        say("settled")
        sys.stdin.readline()
        """
    )
    assert child.stdout and child.stdin
    id_ = child.stdout.readline().strip()
    assert recover(home).events == 0
    for path in (home / "writers").iterdir():
        path.unlink()  # a cleaner of temp files: the process still lives
    assert recover(home).events == 0
    child.stdin.write("\n")
    child.stdin.flush()
    assert child.stdout.readline() == "settled\n"
    with Reader(home) as reader:
        assert [(e.id, e.confidence) for e in reader.events()] == [(id_, "measured")]


def test_a_settlement_after_recovery_is_corrected_to_the_truth(
    home: Path, new_writer: Callable[..., Writer], spawn: Spawn
) -> None:
    child = spawn(
        """
        writer = make_writer()
        event = make_event()
        writer.begin(intent_of(event))
        say(event.id)
        os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    id_ = child.communicate(timeout=30)[0].strip()
    assert recover(home).events == 1
    new_writer().settle(make_event(id_=id_))
    costs = check_the_law(home)
    assert costs == {id_: sum(line.cost_nusd or 0 for line in make_lines())}


def test_a_forked_child_writes_on_its_own_and_outlives_its_parent(
    home: Path, spawn: Spawn
) -> None:
    child = spawn(
        """
        import time
        writer = make_writer()
        pending = make_event()
        writer.begin(intent_of(pending))
        say("parent", writer.id, pending.id)
        if os.fork() == 0:
            mine = make_event()
            writer.begin(intent_of(mine))
            say("child", writer.id, mine.id)
            sys.stdin.readline()
            writer.settle(mine)
            say("settled", writer.id, mine.id)
            sys.stdin.readline()
            os._exit(0)
        else:
            os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    assert child.stdout and child.stdin
    said = [child.stdout.readline().split() for _ in range(2)]
    by_name = {word: (writer, id_) for word, writer, id_ in said}
    assert by_name["parent"][0] != by_name["child"][0]
    child.wait(timeout=30)  # the parent is dead, its child lives
    assert recover(home).events == 1  # the parent's call; its lock died with it
    with Reader(home) as reader:
        assert [p.intent.id for p in reader.pending()] == [by_name["child"][1]]
    child.stdin.write("\n")
    child.stdin.flush()
    assert child.stdout.readline().split()[0] == "settled"
    with Reader(home) as reader:
        assert {(e.id, e.confidence) for e in reader.events()} == {
            (by_name["parent"][1], "partial"),
            (by_name["child"][1], "measured"),
        }


def test_forks_in_the_middle_of_busy_threads_corrupt_nothing(
    home: Path, spawn: Spawn
) -> None:
    child = spawn(
        """
        writer = make_writer()
        stop = threading.Event()
        def work():
            while not stop.is_set():
                event = make_event()
                writer.begin(intent_of(event)); writer.settle(event)
                writer.checkpoint()
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads: thread.start()
        for n in range(20):
            pid = os.fork()
            if pid == 0:
                for _ in range(5):
                    event = make_event()
                    writer.begin(intent_of(event)); writer.settle(event)
                    os.write(1, f"settled {event.id}\\n".encode())
                os._exit(0)
            assert os.waitpid(pid, 0)[1] == 0
        stop.set()
        for thread in threads: thread.join()
        writer.close()
        """
    )
    out, _ = child.communicate(timeout=60)
    assert child.returncode == 0
    recover(home)
    settled = {line.split()[1] for line in out.splitlines()}
    assert len(settled) == 100
    assert settled <= set(check_the_law(home))


def test_eight_writers_killed_at_random_lose_nothing_of_ten_thousand_calls(
    home: Path, spawn: Spawn
) -> None:
    """Each child is killed at a random step and replaced, until 10,000 were settled."""
    program = """
        import random
        writer = make_writer(at=kill_at(random.choice(%r), random.randint(40, 400)))
        for _ in range(2000):
            event = make_event()
            writer.begin(intent_of(event)); writer.settle(event)
            sys.stdout.write(event.id + "\\n"); sys.stdout.flush()
        writer.close()
    """ % [s for s in CALL_STEPS if not s.startswith("open")]
    acknowledged: list[str] = []
    kills = 0

    def keep_one_running() -> None:
        nonlocal kills
        while len(acknowledged) < 10_000:
            child = spawn(program)
            out, _ = child.communicate(timeout=120)
            acknowledged.extend(out.split("\n")[:-1])
            kills += child.returncode == -9

    with ThreadPoolExecutor(8) as pool:
        running = [pool.submit(keep_one_running) for _ in range(8)]
        while wait(running, timeout=0.05).not_done:
            recover(home)  # a reader at work all the while
    for done in running:
        done.result()
    recover(home)
    assert kills > 20
    costs = check_the_law(home)
    full = sum(line.cost_nusd or 0 for line in make_lines())
    wrong = [id_ for id_ in acknowledged if costs.get(id_) != full]
    assert not wrong
    assert len(costs) - len(acknowledged) <= 2 * kills


def test_seq_is_gapless_whatever_the_order_of_settling(
    home: Path, new_writer: Callable[..., Writer]
) -> None:
    writers = [new_writer() for _ in range(3)]
    events = [make_event() for _ in range(30)]
    threads = [
        threading.Thread(target=lambda w=w, e=e: (w.settle(e), w.settle(e)))
        for w, e in zip(writers * 10, events, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    recover(home)
    assert set(check_the_law(home)) == {event.id for event in events}


def test_a_full_disk_sends_records_to_the_spool(home: Path, spawn: Spawn) -> None:
    """A file size limit stands for the full disk: the write fails in the kernel."""
    child = spawn(
        """
        import resource
        writer = make_writer()
        for n in range(20):
            event = make_event()
            writer.begin(intent_of(event)); writer.settle(event)
            say(event.id)
            if n == 9:
                size = (home / "journal.db-wal").stat().st_size
                resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        say(writer.health.state)
        """
    )
    *ids, state = child.communicate(timeout=30)[0].split()
    assert state == "spooling"
    recover(home)
    full = sum(line.cost_nusd or 0 for line in make_lines())
    assert check_the_law(home) == dict.fromkeys(ids, full)


def test_a_disk_without_a_free_byte_keeps_records_in_memory_until_there_is_one(
    home: Path, spawn: Spawn
) -> None:
    child = spawn(
        """
        import resource
        writer = make_writer()
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
        for _ in range(3):
            event = make_event()
            writer.begin(intent_of(event)); writer.settle(event)
            say(event.id)
        say(writer.health.state, writer.checkpoint())
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        writer.checkpoint()
        say(writer.health.in_memory, writer.health.lost)
        """
    )
    *ids, full, free = child.communicate(timeout=30)[0].splitlines()
    assert (full, free) == ("memory False", "0 0")
    recover(home)
    total = sum(line.cost_nusd or 0 for line in make_lines())
    assert check_the_law(home) == dict.fromkeys(ids, total)


def test_what_no_disk_took_is_said_at_the_end(
    home: Path,
    tmp_path: Path,
    new_writer: Callable[..., Writer],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    home.write_text("no folder")
    (tmp_path / "tmp").write_text("no folder either")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    writer = new_writer()
    writer.settle(make_event())
    writer.close()
    assert "2 records are lost" in caplog.text
    assert str(home) in caplog.text


def test_on_a_network_home_writers_spool_and_one_process_imports_without_wal(
    home: Path, new_writer: Callable[..., Writer]
) -> None:
    writer, event = new_writer(network=True), make_event()
    writer.begin(intent_of(event))
    assert recover(home, network=True) == Recovered(events=0, spooled=2)
    writer.settle(event)
    assert recover(home, network=True) == Recovered(events=0, spooled=1)
    assert not (home / f"{JOURNAL_FILE}-wal").exists()
    with Reader(home) as reader:
        assert [stored.id for stored in reader.events()] == [event.id]
