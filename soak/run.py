"""Run every soak script, one after another; 1 if a law broke in any.

python soak/run.py [--quick]
"""

import subprocess
import sys
from pathlib import Path


def main() -> int:
    """Return 1 if a script failed."""
    here = Path(__file__).resolve().parent
    scripts = sorted(p for p in here.glob("*.py") if p.stem not in ("run", "stage"))
    failed = [
        script.stem
        for script in scripts
        if subprocess.run([sys.executable, script, *sys.argv[1:]]).returncode
    ]
    if failed:
        sys.stderr.write(f"BROKEN: {', '.join(failed)}\n")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
