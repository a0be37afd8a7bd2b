"""The command line: `hotmess COMMAND …`. Commands are imported only when asked for, so that help is quick."""

from __future__ import annotations

import argparse
import contextlib
import gc
import importlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn

from hotmess.errors import BadInput
from hotmess.files import reason
from hotmess.home import bear_no_home, without_cache
from hotmess.interrupt import CODE, end, happened, heeded
from hotmess.limits import limited, machine, require_addresses, show
from hotmess.terminal import one_line, streams

COMMANDS: dict[str, tuple[str, str]] = {
    "read": ("hotmess.commands.read", "logs and tables to one validated table of responses"),
    "decompose": ("hotmess.commands.decompose", "bias, variance and incoherence of groups of responses"),
    "fit": ("hotmess.commands.fit", "fit latent answer distributions, save the posterior"),
    "compare": ("hotmess.commands.compare", "compare models on the same questions"),
    "reliability": ("hotmess.commands.reliability", "pass@k, pass^k, flips; sources of variance, judges, mistakes"),
    "test": ("hotmess.commands.test", "test claims: verdicts with their guards"),
    "report": ("hotmess.commands.report", "an HTML report with figures, numbers and posteriors"),
    "design": ("hotmess.commands.design", "how many questions, samples and models a claim needs"),
    "next": ("hotmess.commands.next", "which questions to ask how often next, until a claim is decided"),
    "claims": ("hotmess.commands.claims", "list the claims that can be tested"),
    "sample": ("hotmess.commands.sample", "draw responses from models"),
    "optimizer": ("hotmess.commands.optimizer", "the synthetic optimizer experiments"),
}
"""Commands: name → (module with `add_parser(subparsers)`, a line of help)."""


def entry() -> NoReturn:
    """The command as a process of its own: it ends with `main`'s code, and with 130 wherever it is interrupted."""
    _open_streams()
    _no_chatter()
    _collect_seldom()
    _one_by_one()
    _keep_freed()
    bear_no_home()
    with heeded(watch=True):
        try:
            code = main()
        except KeyboardInterrupt:
            code = CODE
        except SystemExit as leaving:
            code = leaving.code if isinstance(leaving.code, int) else 0 if leaving.code is None else 2
        except BaseException:
            import traceback

            code = 2  # a fault of ours; 1 says that a claim was contradicted, and nothing else does
            traceback.print_exc()
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError, AttributeError):
                stream.flush()
    if code == CODE:
        end()  # compiled code of others may still run in threads, and must not meet the end of the interpreter
    sys.exit(code)


def _one_by_one() -> None:
    """Matrices are many and small: threads that share one wait for each other longer than they compute.

    A small report took half as much processor time again on two processors, and a tenth longer. Before NumPy is loaded;
    what the environment says already stays.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def _keep_freed() -> None:
    """Memory of arrays that come and go by the thousand is kept for the next ones, up to 128 MB of it.

    Given back to the system and asked for anew its pages are cleared each time: a fiftieth of a small report's time.
    With glibc only; other C libraries have rules of their own.
    """
    import ctypes

    with contextlib.suppress(AttributeError, OSError, TypeError):
        library = ctypes.CDLL(None)
        _ = library.gnu_get_libc_version  # which others do not have
        library.mallopt(-1, 128 << 20)  # M_TRIM_THRESHOLD
        library.mallopt(-3, 32 << 20)  # M_MMAP_THRESHOLD


def _collect_seldom() -> None:
    """Unused cycles are looked for among 20,000 new objects, not 700, and among older ones after fifty times that.

    Hardly one of the million objects of the libraries is ever unused; a small report looked through all of them ten
    times, a twelfth of its time, and now spends a hundredth, for thirty megabytes.
    """
    gc.set_threshold(20_000, 50, 10)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; the exit code: 0 done, 1 a claim was contradicted under --strict, 2 bad input or a failure of the
    world around, 130 interrupted.

    Both of the last are one sentence on stderr. Any other exception is a bug, and goes up. With --quiet nothing else is
    written to stderr: no notes, no progress.
    """
    with streams():
        try:
            return _run(list(sys.argv[1:] if argv is None else argv))
        except (KeyboardInterrupt, Exception) as error:
            if isinstance(error, KeyboardInterrupt) or happened():
                print("hotmess: interrupted.", file=sys.stderr)
                return CODE
            sentence = _sentence(error)
            if sentence is None:
                raise
            print(f"hotmess: {one_line(sentence)}", file=sys.stderr)
            return 2
        finally:
            sys.stderr.flush()


def _run(arguments: list[str]) -> int:
    """Run a command, to the end of what it prints."""
    parser = frame(next((word for word in arguments if not word.startswith("-")), None))
    code = 0
    try:
        args = parser.parse_args(arguments)
        if not hasattr(args, "run"):
            parser.print_help()
        else:
            quiet = _silence() if getattr(args, "quiet", False) else contextlib.nullcontext()
            require_addresses()
            with quiet, limited(getattr(args, "memory", None)), without_cache(getattr(args, "no_cache", False)):
                code = int(args.run(args) or 0)
    finally:
        if sys.exc_info()[0] in (None, SystemExit):
            sys.stdout.flush()
    return code


_NO_MEMORY = ("RESOURCE_EXHAUSTED", "OutOfMemoryException")
"""How JAX says that there is no memory, and the name of DuckDB's exception."""


def _sentence(error: BaseException) -> str | None:
    """What to say of a failure that is bad input, or the world's; None for a bug."""
    if isinstance(error, BadInput):
        return str(error)
    if isinstance(error, OSError):
        place = f"{os.fsdecode(error.filename)!r} cannot be used" if error.filename else "A file cannot be used"
        return f"{place}: {reason(error)}."
    if isinstance(error, MemoryError) or type(error).__name__ in _NO_MEMORY or _NO_MEMORY[0] in str(error)[:200]:
        return f"There is not enough memory for this (of {show(machine())}); give fewer rows or draws."
    if isinstance(error, RecursionError):
        return "The input is nested too deeply."
    return None


def _open_streams() -> None:
    """A stream that is closed has its number taken, so that no file is opened there and written to by mistake."""
    with contextlib.suppress(OSError):
        while (number := os.open(os.devnull, os.O_RDWR)) < 3:
            pass
        os.close(number)


def _no_chatter() -> None:
    """Warnings and logs of libraries are no part of what this says; `python -W` and the libraries' own settings are."""
    import logging
    import warnings

    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if not sys.flags.dev_mode:
        sys.unraisablehook = lambda _: None  # as where a library closes a damaged file that it has not opened
    logging.lastResort = logging.NullHandler()


def frame(command: str | None = None) -> argparse.ArgumentParser:
    """The parser, with the full parser of one command only: the others are a name and a line."""
    parser = _Parser(
        prog="hotmess",
        formatter_class=lambda prog: argparse.HelpFormatter(prog, max_help_position=20),
        description="Posteriors for bias, variance and incoherence of language model failures.",
        epilog="Each command explains itself: hotmess decompose --help",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND")
    for name, (module, line) in COMMANDS.items():
        if name != command:
            subparsers.add_parser(name, help=line, add_help=False)
            continue
        try:
            importlib.import_module(module).add_parser(subparsers)
            subparsers.choices[name].add_argument("--quiet", action="store_true", help="no notes and no progress")
            subparsers.choices[name].add_argument(
                "--no-cache", action="store_true", help="neither use nor keep what earlier commands made"
            )
        except ModuleNotFoundError as error:
            if error.name != module:
                raise
            subparsers.add_parser(name, help=line).set_defaults(run=_missing(name))
    return parser


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints are one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}{self._near(message)} (see {self.prog} --help)\n")

    def _near(self, message: str) -> str:
        """The nearest right name for what was mistyped, if there is one."""
        import difflib
        import re

        if choice := re.search(r"invalid choice: '(.*?)' \(choose from (.*)\)", message):
            wrong, right = choice[1], re.findall(r"[\w.-]+", choice[2])
        elif strange := re.search(r"unrecognized arguments: (?:.* )?(--[\w-]+)", message):
            wrong, right = strange[1], list(self._option_string_actions)
            for action in self._actions:
                for inner in (action.choices or {}).values() if isinstance(action.choices, dict) else ():
                    right += list(inner._option_string_actions)
        else:
            return ""
        near = difflib.get_close_matches(wrong, right, n=1)
        return f"; did you mean {near[0]}?" if near else ""


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Nothing on stderr inside the block; exceptions come out of it and are heard."""
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stderr(nowhere):
        yield


class _Version(argparse.Action):
    """--version; the metadata of installed packages are read only here."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from importlib.metadata import PackageNotFoundError, version

        try:
            print(f"hotmess {version('hotmess')}")
        except PackageNotFoundError:
            print("hotmess, not installed")
        parser.exit()


def _missing(name: str) -> Callable[[argparse.Namespace], int]:
    def run(_: argparse.Namespace) -> int:
        raise BadInput(f"The command {name} is not part of this installation.")

    return run


if __name__ == "__main__":
    entry()
