"""The same statements on two source trees, on one machine: what differs.

    python tests/golden/two_trees.py ../old . --only fit

Each tree runs in a Python of its own, with its `src` first on the path and this folder's statements; values are
compared to nine digits. Prints one line for every difference and exits with 1 if there is any. `--keep FILE` reuses
the old tree's values where the file has them, and writes them there.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("--only", default="", metavar="TEXT", help="statements whose names hold this")
    parser.add_argument("--keep", type=Path, metavar="FILE", help="JSON of the old tree's values, reused and extended")
    parser.add_argument("--most", type=int, default=8, metavar="N", help="differences shown of each statement")
    args = parser.parse_args()
    sys.path.insert(0, str(HERE))
    from golden_statements import EXACT, SAMPLED, differences

    names = [name for name in (*EXACT, *SAMPLED) if args.only in name]
    kept: dict[str, Any] = json.loads(args.keep.read_text()) if args.keep and args.keep.exists() else {}
    missing = [name for name in names if name not in kept]
    old = kept | values(args.old, missing)
    if args.keep:
        args.keep.write_text(json.dumps(old))
    new = values(args.new, names)
    found = 0
    for name in names:
        lines = differences(old[name], new[name])
        found += len(lines)
        print(f"{name}: {'the same' if not lines else f'{len(lines)} differences'}")
        for line in lines[: args.most]:
            print(f"    {line[:220]}")
    return int(found > 0)


def values(tree: Path, names: list[str]) -> dict[str, Any]:
    """The statements' values on one tree."""
    if not names:
        return {}
    source = (tree / "src").resolve()
    if not (source / "hotmess" / "__init__.py").is_file():
        raise SystemExit(f"There is no package in {source}.")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(source), str(HERE)]), "HOTMESS_TREE": str(source)}
    with tempfile.TemporaryDirectory() as place:
        target = Path(place) / "values.json"
        program = [sys.executable, str(Path(__file__).resolve()), "--record", str(target)]
        subprocess.run(program, input=json.dumps(names), text=True, env=environment, check=True)
        found: dict[str, Any] = json.loads(target.read_text())
    return found


def one_tree(target: Path) -> None:
    """Record, in the Python of one tree, the statements named on stdin."""
    from golden_statements import EXACT, SAMPLED, record

    import hotmess

    if not Path(hotmess.__file__).is_relative_to(os.environ["HOTMESS_TREE"]):
        raise SystemExit(f"{hotmess.__file__} is not of the tree {os.environ['HOTMESS_TREE']}.")
    statements = EXACT | SAMPLED
    with tempfile.TemporaryDirectory() as place:
        found = record(Path(place), {name: statements[name] for name in json.load(sys.stdin)})
    target.write_text(json.dumps(found))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--record"]:
        one_tree(Path(sys.argv[2]))
    else:
        sys.exit(main())
