"""Engines that run the counting query where responses lie: DuckDB on files, or any other through Ibis."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qsl

from hotmess.errors import BadInput, need
from hotmess.responses.coded import coded_table
from hotmess.responses.hive import partitions
from hotmess.responses.load import columns_of, sniff
from hotmess.responses.naming import lacking
from hotmess.responses.opened import Opened
from hotmess.responses.tally import quoted

if TYPE_CHECKING:
    import pyarrow as pa

BATCH = 500_000
"""Counts that are taken from an engine at once."""


class Engine(Protocol):
    """What answers SQL, in DuckDB's dialect, about the rows of some files or tables.

    `relation` is what to select from, `columns` the names there are and, for each, whether it holds whole numbers.
    """

    name: str
    relation: str
    columns: Mapping[str, bool]

    def query(self, sql: str) -> pa.Table:
        """The rows of a query. Raises `BadInput` with the engine's own first line."""
        ...

    def counts(self, sql: str) -> pa.Table:
        """The same of a query with many rows, texts coded as they come."""
        ...

    def close(self) -> None:
        """Let go of what this engine opened itself."""
        ...


def connect_engine(engine: Any, paths: Sequence[str | Path], *, renamed: Mapping[str, str]) -> Engine:
    """An engine by its address, with Parquet files or tables registered.

    Args:
        engine: `duckdb` or `duckdb://?memory_limit=2GB` (settings of DuckDB after the question mark),
        `spark://host:port`
            or `local[2]` (a Spark master, with settings as `?spark.executor.memory=2g`), any address that
            `ibis.connect` knows, or a backend of Ibis that is connected already.
        paths: Parquet files, folders of them, addresses that the engine can read, or names of its tables.
        renamed: this package's names → the files' names, where they differ: helps to tell tables from logs in folders.
    """
    if not isinstance(engine, str):
        return _Ibis(engine, paths, renamed, mine=False)
    if engine.partition(":")[0] == "duckdb":
        return _DuckDB(engine, paths, renamed)
    if engine.startswith(("spark://", "local")):
        return _Ibis(_spark(engine), paths, renamed, mine=True)
    ibis = need("ibis", "spark")
    try:
        backend = ibis.connect(engine)
    except Exception as error:  # each backend raises its own
        raise BadInput(f"The engine {engine!r} cannot be reached: {_first(error)}") from error
    return _Ibis(backend, paths, renamed, mine=True)


class _DuckDB:
    """DuckDB in memory, which sees the files that were named and nothing else, and spills to a folder of its own."""

    def __init__(self, engine: str, paths: Sequence[str | Path], renamed: Mapping[str, str]) -> None:
        import duckdb

        self.name = engine
        files = [file for path in paths for file in _files(path, renamed)]
        self._scratch = tempfile.TemporaryDirectory(prefix="hotmess-")
        settings: dict[str, Any] = {"temp_directory": self._scratch.name, "preserve_insertion_order": "false"}
        settings |= dict(parse_qsl(engine.partition("?")[2]))
        try:
            self._connection = duckdb.connect(":memory:", config=settings)
        except duckdb.Error as error:
            self._scratch.cleanup()
            raise BadInput(f"The engine {engine!r} cannot be used: {_first(error)}") from None
        self._connection.execute("SET enable_progress_bar = false")
        listed = ", ".join("'" + file.replace("'", "''") + "'" for file in files)
        if not any("://" in file for file in files):
            self._connection.execute(f"SET allowed_paths = [{listed}]")
            self._connection.execute("SET enable_external_access = false")
        hive = (
            "hive_partitioning = true, hive_types_autocast = false"
            if any("=" in file for file in files)
            else ("hive_partitioning = false")
        )
        self.relation = f"read_parquet([{listed}], union_by_name = true, {hive})"
        try:
            found = self.query(f"DESCRIBE SELECT * FROM {self.relation}").to_pydict()
        except BadInput:
            self.close()
            raise
        self.columns: Mapping[str, bool] = {
            n: "INT" in t for n, t in zip(found["column_name"], found["column_type"], strict=True)
        }

    def query(self, sql: str) -> pa.Table:
        import duckdb

        try:
            return self._connection.sql(sql).to_arrow_table()
        except duckdb.Error as error:
            raise BadInput(f"The engine {self.name} refuses the query: {_first(error)}") from None

    def counts(self, sql: str) -> pa.Table:
        import duckdb
        import pyarrow as pa

        try:
            reader = self._connection.sql(sql).to_arrow_reader(BATCH)
            return coded_table(reader, reader.schema)
        except (duckdb.Error, pa.ArrowException) as error:
            raise BadInput(f"The engine {self.name} refuses the query: {_first(error)}") from None

    def close(self) -> None:
        self._connection.close()
        self._scratch.cleanup()


class _Ibis:
    """Any backend of Ibis that reads Parquet or has tables."""

    def __init__(self, backend: Any, paths: Sequence[str | Path], renamed: Mapping[str, str], *, mine: bool) -> None:
        self.name, self._backend, self._mine = str(getattr(backend, "name", "ibis")), backend, mine
        try:
            tables = [table for path in paths for table in self._tables(path, renamed)]
            schemas = [table.schema() for table in tables]
        except BadInput:
            self.close()
            raise
        except Exception as error:  # each backend raises its own
            self.close()
            raise BadInput(f"The engine {self.name} cannot read {str(paths[0])!r}: {_first(error)}") from error
        common = [name for name in schemas[0] if all(name in schema for schema in schemas)]
        self.columns: Mapping[str, bool] = {
            name: all(schema[name].is_integer() for schema in schemas) for name in common
        }
        listed = ", ".join(map(quoted, common))
        parts = [f"SELECT {listed} FROM {quoted(table.get_name())}" for table in tables]
        self.relation = f"({' UNION ALL '.join(parts)}) AS files"

    def _tables(self, path: str | Path, renamed: Mapping[str, str]) -> list[Any]:
        if not Path(path).exists() and "://" not in str(path) and str(path) in self._backend.list_tables():
            return [self._backend.table(str(path))]
        files = _files(path, renamed)
        hive = next((file for file in files if "://" not in file and partitions(Path(file), Path(file).parent)), None)
        if hive is not None:
            raise BadInput(
                f"The engine {self.name} does not read columns from names of folders, as of {hive!r}; use duckdb."
            )
        return [self._backend.read_parquet(file) for file in files]

    def query(self, sql: str) -> pa.Table:
        try:
            return self._backend.sql(sql, dialect="duckdb").to_pyarrow()
        except Exception as error:  # each backend raises its own
            raise BadInput(f"The engine {self.name} refuses the query: {_first(error)}") from error

    def counts(self, sql: str) -> pa.Table:
        table = self.query(sql)
        return coded_table(table.to_batches(max_chunksize=BATCH), table.schema)

    def close(self) -> None:
        if self._mine:
            self._backend.disconnect()


def _spark(engine: str) -> Any:
    """An Ibis backend on a Spark session with this master; a session that is there already is used."""
    ibis, spark = need("ibis", "spark"), need("pyspark.sql", "spark")
    master, _, settings = engine.partition("?")
    builder = spark.SparkSession.builder.master(master).appName("hotmess")
    for key, value in parse_qsl(settings):
        builder = builder.config(key, value)
    try:
        return ibis.pyspark.connect(builder.getOrCreate())
    except Exception as error:
        raise BadInput(f"The engine {engine!r} cannot be reached: {_first(error)}") from error


def _files(path: str | Path, renamed: Mapping[str, str]) -> list[str]:
    """The Parquet files of a path; addresses as they stand.

    Raises:
        BadInput: for anything that is no Parquet: an engine counts all that was named, or nothing.
        Damaged: for damaged files.
    """
    if "://" in str(path):
        return [str(path)]
    root = Path(path)
    if not root.exists():
        raise BadInput(f"There is no file or folder {str(path)!r}.")
    # Spark and Hadoop leave empty markers and checksums beside the files.
    files = [root] if root.is_file() else sorted(p for p in root.rglob("*") if p.is_file() and not _beside(p, root))
    if not files:
        raise BadInput(f"The folder {str(path)!r} is empty.")
    return [_parquet(file, root if root.is_dir() else file.parent, renamed) for file in files]


def _beside(file: Path, root: Path) -> bool:
    return any(part.startswith((".", "_")) for part in file.relative_to(root).parts)


def _parquet(file: Path, root: Path, renamed: Mapping[str, str]) -> str:
    """The address of a Parquet file with models and questions, by its own columns or its folders' names."""
    opened = Opened(file, file.name)
    if sniff(opened) != "parquet":
        raise BadInput(
            f"An engine reads Parquet, and {str(file)!r} is not; make it so with hotmess read … --out X.parquet, or "
            "name "
            "the files to count."
        )
    names = [*columns_of(opened, "parquet"), *partitions(file, root)]
    # A name of nothing stands for a column that is constant.
    lacks = [name for name in ("model", "question") if renamed.get(name, name) not in (*names, "")]
    strange = [name for name in lacks if name in renamed]
    if strange:
        one = renamed[strange[0]]
        whole = "; an engine takes whole columns, neither paths nor several" if "," in one or "." in one else ""
        raise BadInput(f"There is no column {one!r} in {str(file)!r} to use as {strange[0]}{whole}.")
    if lacks:
        raise BadInput(f"The file {str(file)!r} {lacking(names, lacks)}.")
    return str(file.resolve())


def _first(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300].rstrip(".") + "."
