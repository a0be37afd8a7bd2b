"""`python -m hotmess`."""

from __future__ import annotations

from hotmess.cli import entry

if __name__ == "__main__":
    entry()
