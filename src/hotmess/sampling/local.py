"""A local OpenAI-compatible server for one GGUF file, run by llama.cpp through the package xllamacpp.

    python -m hotmess.sampling.local model.gguf --slots 8

prints the address once the model is loaded and serves until it is stopped. Sampling is plain: top-k and min-p, which
llama.cpp switches on by default, are off, so that temperature and top-p say all there is to say.
"""

from __future__ import annotations

import argparse
import os
import select
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from hotmess.errors import BadInput, need

_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}


def gguf_metadata(path: str | Path) -> dict[str, Any]:
    """A GGUF file's own metadata, such as `general.name` and `general.size_label`, without the lists."""
    entries = {}
    with Path(path).open("rb") as file:
        if file.read(4) != b"GGUF":
            raise BadInput(f"{path} is not a GGUF file.")
        try:
            _, _, count = struct.unpack("<IQQ", file.read(20))
            for _ in range(count):
                key = _text(file)
                value = _value(file, struct.unpack("<I", file.read(4))[0])
                if value is not None:
                    entries[key] = value
        except (struct.error, KeyError, OverflowError) as error:
            raise BadInput(f"The metadata of the GGUF file {path} cannot be read: it is damaged or cut off.") from error
    return entries


def _text(file: BinaryIO) -> str:
    return file.read(struct.unpack("<Q", file.read(8))[0]).decode("utf-8", "replace")


def _value(file: BinaryIO, kind: int) -> Any:
    if kind == 8:
        return _text(file)
    if kind == 9:
        inner, length = struct.unpack("<IQ", file.read(12))
        for _ in range(length):
            _value(file, inner)
        return None
    code = "<" + _SCALARS[kind]
    return struct.unpack(code, file.read(struct.calcsize(code)))[0]


@contextmanager
def serve(
    path: str | Path, *, slots: int = 4, slot_tokens: int = 2048, threads: int = 2, timeout: float = 120
) -> Iterator[str]:
    """Serve a GGUF file in a process of its own and yield the base URL for an OpenAI client, ending in /v1."""
    need("xllamacpp", "local")
    options = ["--slots", str(slots), "--slot-tokens", str(slot_tokens), "--threads", str(threads)]
    process = subprocess.Popen(
        [sys.executable, "-m", "hotmess.sampling.local", str(path), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"OMP_WAIT_POLICY": "passive"},
    )
    assert process.stdout is not None
    drain = threading.Thread(target=process.stdout.read, daemon=True)
    try:
        deadline = time.monotonic() + timeout
        seen = b""
        while b"\n" not in seen.partition(b"http://")[2]:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([process.stdout], [], [], left)[0]:
                raise BadInput(f"The server for {path} did not start within {timeout:g} seconds.")
            piece = os.read(process.stdout.fileno(), 4096)
            if not piece:
                raise BadInput(
                    f"The server for {path} ended before it was ready: is it a model that llama.cpp can load?"
                )
            seen += piece
        # llama.cpp may go on printing: a full pipe would stop it.
        drain.start()
        yield "http://" + seen.partition(b"http://")[2].split()[0].decode() + "/v1"
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if drain.ident is not None:
            drain.join()
        process.stdout.close()


def main(arguments: list[str] | None = None) -> None:
    """Serve until stopped; stops too when the process that started it is gone."""
    parser = argparse.ArgumentParser(
        description="Serve one GGUF file on 127.0.0.1 with an OpenAI-compatible interface."
    )
    parser.add_argument("model")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--slots", type=int, default=4)
    parser.add_argument("--slot-tokens", type=int, default=2048)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args(arguments)
    import xllamacpp

    settings = xllamacpp.CommonParams()
    settings.model.path = args.model
    settings.hostnames = ["127.0.0.1"]
    settings.port = args.port
    settings.n_parallel = args.slots
    settings.n_ctx = args.slots * args.slot_tokens
    settings.n_gpu_layers = 0
    settings.cpuparams.n_threads = settings.cpuparams_batch.n_threads = args.threads
    settings.sampling.top_k = 0
    settings.sampling.min_p = 0.0
    settings.verbosity = -1
    server = xllamacpp.Server(settings)
    print(server.listening_address, flush=True)
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(1)


if __name__ == "__main__":
    main()
