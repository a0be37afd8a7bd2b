"""Everything that was named, files, folders, addresses and tables in memory, into the account of files."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from hotmess.errors import BadInput
from hotmess.responses.account import Account, Table, look
from hotmess.responses.address import fetched, is_address
from hotmess.responses.ask import Ask, named
from hotmess.responses.facts import near
from hotmess.responses.frames import is_table, plain_table


def look_at_all(listed: Sequence[Any], ask: Ask, account: Account, stack: ExitStack) -> None:
    """Everything that was named, into the account."""
    seen = set[Path]()
    for number, one in enumerate(listed, 1):
        if is_table(one):
            name = "the table" if len(listed) == 1 else f"table {number}"
            frame, said = named(plain_table(one, name), ask, name)
            account.notes += said
            account.tables.append(Table(name, frame))
        elif is_address(one):
            here = stack.enter_context(fetched(str(one)))
            look(here, ask, account, shown=lambda path, one=one: str(one))  # type: ignore[misc]
        elif isinstance(one, (str, Path)):
            if one == "":
                raise BadInput("The name of a file or folder is empty; name one, as . for this folder.")
            path = Path(one)
            if not path.exists() and not path.is_symlink():
                raise BadInput(f"There is no file or folder {str(path)!r}{near(path)}.")
            if (whole := path.resolve()) in seen:
                raise BadInput(f"{str(path)!r} is named twice; name it once.")
            seen.add(whole)
            look(path, ask, account)
        else:
            raise BadInput(f"A file, a folder, an address or a table is needed, not {type(one).__name__}.")
