"""The command line: `hotmess COMMAND …`. Commands are imported only when asked for, so that help is quick."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn

from hotmess.errors import BadInput

COMMANDS: dict[str, tuple[str, str]] = {
    "read": ("hotmess.commands.read", "logs and tables to one validated table of responses"),
    "decompose": ("hotmess.commands.decompose", "bias, variance and incoherence of groups of responses"),
    "fit": ("hotmess.commands.fit", "fit latent answer distributions, save the posterior"),
    "compare": ("hotmess.commands.compare", "compare models on the same questions"),
    "reliability": ("hotmess.commands.reliability", "pass@k, pass^k, flips and agreement of repeated responses"),
    "test": ("hotmess.commands.test", "test claims: verdicts with their guards"),
    "report": ("hotmess.commands.report", "an HTML report with figures, numbers and posteriors"),
    "design": ("hotmess.commands.design", "how many questions, samples and models a claim needs"),
    "claims": ("hotmess.commands.claims", "list the claims that can be tested"),
    "sample": ("hotmess.sampling.command", "draw responses from models"),
    "optimizer": ("hotmess.optimizer.command", "the synthetic optimizer experiments"),
}
"""Commands: name → (module with `add_parser(subparsers)`, a line of help)."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; the exit code: 0 done, 1 a claim was contradicted under --strict, 2 bad input, 130 interrupted.

    Bad input is one sentence on stderr. Any other exception is a bug, and shows its traceback. With --quiet nothing
    else is written to stderr: no notes, no progress.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    parser = frame(next((word for word in arguments if not word.startswith("-")), None))
    try:
        args = parser.parse_args(arguments)
        if not hasattr(args, "run"):
            parser.print_help()
            return 0
        with _silence() if getattr(args, "quiet", False) else contextlib.nullcontext():
            return int(args.run(args) or 0)
    except KeyboardInterrupt:
        print("hotmess: interrupted.", file=sys.stderr)
        return 130
    except BadInput as error:
        print(f"hotmess: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # The reader of our output went away, as `head` does: no fault of anybody. Nothing more can be written.
        sys.stdout = None  # type: ignore[assignment]
        return 0


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
    sys.exit(main())
