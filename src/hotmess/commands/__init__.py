"""The commands of the command line, one file each: `add_parser(subparsers)` and `run(args) -> int`."""
