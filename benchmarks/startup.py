"""Time of `import hotmess` and of `hotmess --help`, over that of Python alone.

    python benchmarks/startup.py --repeats 20

Each starts a Python of its own, in turns; the first of each does not count. Prints and writes to
`reports/benchmarks/startup.json` and `.md` the medians of processor time (so that other work on the machine does not
count) and of the time of day, less those of an empty program.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

HOME = Path(__file__).resolve().parents[1] / "reports" / "benchmarks"
TARGET = 0.3
HEAVY = ("jax", "numpy", "pandas", "duckdb", "matplotlib")
PROGRAMS = {
    "an empty program": ["-c", "pass"],
    "import hotmess": ["-c", "import hotmess"],
    "hotmess --help": ["-m", "hotmess", "--help"],
    "hotmess read --help": ["-m", "hotmess", "read", "--help"],
}


def seconds(arguments: list[str]) -> tuple[float, float]:
    """Processor time and time of day of one program."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, time.perf_counter() - began


def imported() -> list[str]:
    """Heavy packages that `hotmess --help` imports."""
    program = "import sys\nfrom hotmess.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
    program += f"print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    found: list[str] = json.loads(done.stdout.splitlines()[-1].replace("'", '"'))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--out", type=Path, default=HOME, help="folder of the results")
    args = parser.parse_args()
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in PROGRAMS}
    for repeat in range(args.repeats + 1):
        for name, arguments in PROGRAMS.items():
            one = seconds(arguments)
            if repeat:
                found[name].append(one)
    middle = {name: [statistics.median(column) for column in zip(*times)] for name, times in found.items()}
    base = middle.pop("an empty program")
    heavy = imported()
    machine = f"{os.cpu_count()} processors ({platform.machine()}), shared; Python {platform.python_version()}"
    lines = [
        "# Starting",
        "",
        f"`python benchmarks/startup.py --repeats {args.repeats}`, {datetime.date.today()}, {machine}.",
    ]
    lines += [f"Seconds over an empty program ({base[0]:.3f} s of processor time), medians; target {TARGET} s.", ""]
    lines += ["| | processor | time of day | target |", "|---|---:|---:|---|"]
    rows = {name: [processor - base[0], day - base[1]] for name, (processor, day) in middle.items()}
    for name, (processor, day) in rows.items():
        lines.append(f"| `{name}` | {processor:.3f} | {day:.3f} | {'pass' if processor <= TARGET else 'miss'} |")
    lines += [
        "",
        f"Heavy packages that `hotmess --help` imports: {', '.join(heavy) or 'none'} (of {', '.join(HEAVY)}).",
        "",
    ]
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "startup.md").write_text("\n".join(lines))
    (args.out / "startup.json").write_text(json.dumps({"empty": base, "over": rows, "heavy": heavy}, indent=1) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
