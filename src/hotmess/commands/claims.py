"""`hotmess claims`: the catalogue."""

from __future__ import annotations

import argparse
from typing import Any

from hotmess.commands.options import command, json_option
from hotmess.commands.printing import print_json


def add_parser(subparsers: Any) -> None:
    """Add the command."""
    parser = command(
        subparsers,
        "claims",
        run,
        help="list the claims that can be tested",
        description="The catalogue of claims: what each says, where the paper says it, what data it needs.",
        example="hotmess claims --json",
    )
    json_option(parser)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from hotmess.claims.catalogue import CATALOGUE

    if args.json:
        keys = ("name", "statement", "estimand", "place", "needs", "region")
        print_json([{k: getattr(c, k) for k in keys} for c in CATALOGUE.values()])
        return 0
    for claim in CATALOGUE.values():
        print(
            f"{claim.name}\n  {claim.statement}\n  estimand: {claim.estimand}\n"
            f"  paper: {claim.place}\n  needs: {claim.needs}"
        )
    return 0
