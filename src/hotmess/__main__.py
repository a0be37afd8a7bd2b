"""`python -m hotmess`."""

from __future__ import annotations

import sys

from hotmess.cli import main

if __name__ == "__main__":
    sys.exit(main())
