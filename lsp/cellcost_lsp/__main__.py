"""`python -m cellcost_lsp`: the language server of one certain interpreter."""

import sys

from cellcost_lsp.start import main

if __name__ == "__main__":
    sys.exit(main())
