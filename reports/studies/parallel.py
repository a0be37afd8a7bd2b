"""Work of a study spread over processes by joblib: here by loky, on a cluster by joblib's own backends.

Every piece of work carries its own seed, and results come in the order of the pieces, so that they are equal whatever
the number of workers. A Dask or Ray cluster is named by its address:

    python reports/studies/interval_coverage.py --jobs 8
    python reports/studies/interval_coverage.py --jobs -1 --cluster dask://127.0.0.1:8786
    python reports/studies/interval_coverage.py --jobs -1 --cluster ray://auto
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

AT_ONCE = 256
"""Pieces a Ray cluster is given at once: what an interruption loses there."""


def spread(work: Callable[[Any], Any], pieces: Iterable[Any], *, jobs: int = 1, cluster: str = "") -> Iterator[Any]:
    """`work` of each piece, in order, as it becomes ready; in this process with one job and no cluster."""
    if jobs == 1 and not cluster:
        yield from map(work, pieces)
        return
    from joblib import Parallel, delayed, parallel_config

    with parallel_config(**backend(cluster), n_jobs=jobs):
        if not cluster.startswith("ray://"):
            yield from Parallel(return_as="generator")(delayed(work)(piece) for piece in pieces)
            return
        left = iter(pieces)
        while some := list(islice(left, AT_ONCE)):  # Ray's backend hands results over only when all are there
            yield from Parallel()(delayed(work)(piece) for piece in some)


def backend(cluster: str) -> dict[str, Any]:
    """Settings of joblib for a cluster's address; one thread for each process of loky."""
    kind, _, address = cluster.partition("://")
    if not cluster:
        return {"backend": "loky", "inner_max_num_threads": 1}
    if kind == "dask":
        from distributed import Client

        Client(f"tcp://{address}")  # it becomes the one that joblib uses
    elif kind == "ray":
        import ray
        from ray.util.joblib import register_ray

        ray.init(address=address)
        register_ray()
    else:
        raise SystemExit(f"--cluster {cluster} is neither dask://HOST:PORT nor ray://ADDRESS.")
    return {"backend": kind}


def add_options(parser: argparse.ArgumentParser) -> None:
    """`--jobs` and `--cluster`."""
    parser.add_argument("--jobs", type=int, default=1, help="processes (default 1; -1: all there are)")
    parser.add_argument("--cluster", default="", help="dask://HOST:PORT or ray://ADDRESS instead of processes here")
