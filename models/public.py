"""What public responses say: the table of a data set from a clone that you download, and the page of verdicts.

    git clone https://github.com/jamesmurdza/humaneval-results
    python models/public.py humaneval_repeats humaneval-results        one row per response
    hotmess test humaneval_repeats.parquet --length response_chars     verdicts, as on the page
    python models/public.py --page reports/public/verdicts.md          the page, from verdicts_real.json

The data are other people's and no row of them is in this repository: the page holds numbers only, and the commit of
each repository that its table is from. Where no licence is stated, ask the authors before you pass anything on.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from public_sources.clones import Clone
from public_sources.page import NUMBERS, page
from public_sources.table import SOURCES

from hotmess.errors import BadInput
from hotmess.files import write_bytes, write_text
from hotmess.terminal import one_line


def convert(name: str, folder: Path, out: Path) -> str:
    """Write the table of a data set from the folder of a clone; returns what was written and what was left out.

    Raises:
        BadInput: for an unknown name, a folder that is no such clone, a damaged file; then nothing is written.
    """
    import pandas as pd

    source = SOURCES.get(name)
    if source is None or source.rows is None:
        known = ", ".join(known_names())
        raise BadInput(f"Nothing here makes a table of {name!r}; give one of {known}, then the folder of its clone.")
    if out.suffix != ".parquet":
        raise BadInput(f"The table is written as Parquet: --out must end in .parquet, not {out.name!r}.")
    if not folder.is_dir():
        raise BadInput(f"{folder} is no folder; clone github.com/{source.where} and give its folder.")
    clone = Clone(folder, source.where)
    table = pd.DataFrame(source.rows(clone))
    if not len(table):
        raise BadInput(
            f"{folder} holds no response of {name}; give the folder of a clone of github.com/{source.where}."
        )
    write_bytes(out, table.to_parquet(index=False))
    left = ", ".join(f"{what} ({number:,})" for what, number in clone.left.items()) or "nothing"
    return f"{len(table):,} rows in {out}; left out: {left}."


def known_names() -> list[str]:
    """The data sets of which a table can be made."""
    return [name for name, source in SOURCES.items() if source.rows is not None]


def main() -> int:
    known = "\n".join(f"  {name:22} github.com/{SOURCES[name].where}" for name in known_names())
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog=f"sources and the repository to clone:\n{known}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("source", nargs="?", help="a data set, of those below")
    parser.add_argument("folder", type=Path, nargs="?", help="the folder of a clone of its repository")
    parser.add_argument("--out", type=Path, help="the table (default: SOURCE.parquet, in this folder)")
    parser.add_argument("--page", type=Path, help="write the page of verdicts instead")
    args = parser.parse_args()
    try:
        if args.page is not None:
            args.page.parent.mkdir(parents=True, exist_ok=True)
            write_text(args.page, page(json.loads(NUMBERS.read_text(encoding="utf-8"))))
        elif args.source is not None and args.folder is not None:
            print(one_line(convert(args.source, args.folder, args.out or Path(f"{args.source}.parquet"))))
        else:
            parser.error("give a source and the folder of its clone, or --page FILE")
    except BadInput as error:
        print(one_line(str(error)), file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
