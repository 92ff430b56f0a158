"""`python -m cellcost`: the command of one certain interpreter."""

import sys

from cellcost.cli import main

if __name__ == "__main__":
    sys.exit(main())
