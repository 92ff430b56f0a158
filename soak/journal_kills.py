"""Kill -9 a writing process again and again: no event it settled is lost."""

import random
import subprocess
import sys
import time
from pathlib import Path

from cellcost.journal import recover
from stage import sizes, tell, temporary

WRITER = """
import os, sys
from pathlib import Path
from cellcost.journal import About, Writer
from cellcost.testing.records import intent_of, make_event
about = About(host="soak", pid=os.getpid(), version="0")
writer = Writer(Path(sys.argv[1]), about=about)
while True:
    event = make_event()
    writer.begin(intent_of(event))
    writer.settle(event)
    os.write(1, (event.id + "\\n").encode())
"""


def main() -> None:
    asked = sizes(__doc__, kills=(1000, 20), seed=(1, 1))
    # Imported late: the path to the tests is set by `stage`.
    from journal_law import check_the_law

    dice = random.Random(asked.seed)
    acknowledged: set[str] = set()
    with temporary() as home:
        for _ in range(asked.kills):
            acknowledged |= one_life(home, dice.uniform(0, 0.15))
        recover(home)
        costs = check_the_law(home)
    lost = acknowledged - set(costs)
    assert not lost, f"{len(lost)} acknowledged events are lost"
    tell(asked, acknowledged=len(acknowledged), stored=len(costs), lost=0)


def one_life(home: Path, seconds: float) -> set[str]:
    """Return what a process said that it settled before it was killed."""
    child = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(home)], stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    said = child.stdout.readline()
    time.sleep(seconds)
    child.kill()
    said += child.stdout.read()
    child.wait()
    child.stdout.close()
    # The last line may be cut.
    return {line.decode() for line in said.split(b"\n")[:-1]}


if __name__ == "__main__":
    main()
