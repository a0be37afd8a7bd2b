"""What JAX compiles is kept for the next process, and no more than so much of it."""

import os
import subprocess
import sys

from hotmess.inference.compiled import prune

PROGRAM = """
from hotmess.inference.compiled import cached_jax
jax = cached_jax()
from jax._src import monitoring
seen = []
monitoring.register_event_listener(lambda name, **_: seen.append(name))
jax.numpy.arange(7) * 3 + 1
print(sum(name.endswith("cache_hits") for name in seen), sum(name.endswith("cache_misses") for name in seen))
"""


def test_a_second_process_compiles_nothing(tmp_path):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("JAX_")}
    environment |= {"XDG_CACHE_HOME": str(tmp_path), "JAX_PLATFORMS": "cpu"}
    found = [
        [*map(int, subprocess.check_output([sys.executable, "-c", PROGRAM], env=environment).split())] for _ in range(2)
    ]
    (_, made), (hits, misses) = found
    assert made > 0 and hits >= made and misses == 0
    assert all(file.stat().st_size for file in (tmp_path / "hotmess" / "jax").iterdir())


def test_the_older_half_goes_and_what_is_empty(tmp_path):
    for i in range(7):
        file = tmp_path / f"{i}-cache"
        file.write_bytes(b"x" * (i != 3))
        os.utime(file, ns=(i, 10**9 * i))
    assert prune(tmp_path, 6) == 1
    assert not (tmp_path / "3-cache").exists()
    assert prune(tmp_path, 4) == 4
    assert sorted(file.name for file in tmp_path.iterdir()) == ["5-cache", "6-cache"]
    assert prune(tmp_path, 4) == 0
