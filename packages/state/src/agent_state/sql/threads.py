"""The index in a database: a ``ThreadIndex`` over SQLAlchemy Core, the same statements for SQLite and PostgreSQL."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from zlib import crc32

import msgspec
from agent_protocol.wire import JsonValue
from sqlalchemy import Connection, Engine, Row, Select, delete, func, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from agent_state.errors import IndexCorrupt
from agent_state.filter import narrowest, spellings
from agent_state.index.row import FileFacts, Place, ThreadRow, blank_row
from agent_state.sql.fault import translated
from agent_state.sql.tables import COMPLETE, FILLING, filling, threads
from agent_state.store import ThreadQuery

_FIELDS = ThreadRow.__struct_fields__
_NAMES = (*_FIELDS, "seal")
_ROW = tuple(threads.c[name] for name in _NAMES)
_AT_ONCE = 500


class SqlIndex:
    """A ``ThreadIndex`` in a database. ``unchanged`` raises if the database is not the one that was opened any more."""

    def __init__(self, engine: Engine, where: str, unchanged: Callable[[], None] = lambda: None) -> None:
        self._engine = engine
        self._where = where
        self._unchanged = unchanged
        self._postgres = engine.dialect.name == "postgresql"

    def page(
        self, query: ThreadQuery, after: Place | None, limit: int, without: Collection[str] = ()
    ) -> Sequence[ThreadRow]:
        statement = _filtered(query)
        column = threads.c.updated_at if query.sort_key == "updated_at" else threads.c.stamp
        if after is not None:
            statement = statement.where(tuple_(column, threads.c.id) < tuple_(*after))
        if without:
            statement = statement.where(threads.c.path.not_in(without))
        with self._reading() as connection:
            found = connection.execute(statement.order_by(column.desc(), threads.c.id.desc()).limit(limit)).all()
        return [self._row(values) for values in found]

    def rows(self, paths: Collection[str]) -> Mapping[str, ThreadRow]:
        found: list[Row[tuple[object, ...]]] = []
        with self._reading() as connection:
            for some in _batches(list(paths)):
                found += connection.execute(select(*_ROW).where(threads.c.path.in_(some))).all()
        return {row.path: row for row in map(self._row, found)}

    def find(self, thread_id: str, archived: bool) -> ThreadRow | None:
        statement = select(*_ROW).where(threads.c.id == thread_id, threads.c.archived == archived)
        with self._reading() as connection:
            found = connection.execute(
                statement.order_by(threads.c.stamp.desc(), threads.c.path.desc()).limit(1)
            ).first()
        return None if found is None else self._row(found)

    def files(self, folder: str = "") -> Mapping[str, FileFacts]:
        statement = select(threads.c.path, threads.c.mtime_ns, threads.c.size_bytes)
        if folder:
            # "0" is the character behind "/".
            statement = statement.where(threads.c.path > folder + "/", threads.c.path < folder + "0")
        with self._reading() as connection:
            return {path: FileFacts(mtime_ns, size) for path, mtime_ns, size in connection.execute(statement)}

    def put(self, rows: Iterable[ThreadRow]) -> None:
        values = [self._values(row) for row in rows]
        if values:
            with self._writing() as connection:
                self._upsert(connection, values)

    def drop(self, files: Mapping[str, FileFacts]) -> None:
        with self._writing() as connection:
            for path, facts in files.items():
                connection.execute(
                    delete(threads).where(
                        threads.c.path == path,
                        threads.c.mtime_ns == facts.mtime_ns,
                        threads.c.size_bytes == facts.size_bytes,
                    )
                )

    def move(self, old: str, row: ThreadRow) -> None:
        with self._writing() as connection:
            connection.execute(delete(threads).where(threads.c.path == old))
            self._upsert(connection, [self._values(row)])

    def is_complete(self) -> bool:
        with self._reading() as connection:
            status = connection.execute(select(filling.c.status)).scalar()
        if status not in (FILLING, COMPLETE):
            raise IndexCorrupt(self._where, f"its status reads {status!r}")
        return bool(status == COMPLETE)

    def claim(self, owner: str, now_ms: int, lease_ms: int) -> bool:
        free = filling.c.owner.is_(None) | (filling.c.owner == owner) | (filling.c.lease_until_ms <= now_ms)
        statement = update(filling).where(filling.c.status != COMPLETE, free)
        with self._writing() as connection:
            done = connection.execute(statement.values(owner=owner, lease_until_ms=now_ms + lease_ms))
            return done.rowcount == 1

    def finish(self, owner: str) -> bool:
        statement = update(filling).where(filling.c.status != COMPLETE, filling.c.owner == owner)
        with self._writing() as connection:
            return connection.execute(statement.values(status=COMPLETE, owner=None)).rowcount == 1

    def clear(self) -> None:
        with self._writing() as connection:
            connection.execute(delete(threads))
            connection.execute(update(filling).values(status=FILLING, owner=None, lease_until_ms=0))

    def check(self) -> None:
        with self._reading() as connection:
            if not self._postgres:
                findings = connection.exec_driver_sql("PRAGMA integrity_check(1)").scalars().all()
                if findings != ["ok"]:
                    raise IndexCorrupt(self._where, "; ".join(map(str, findings)))
            # Fails where a column is missing.
            connection.execute(select(threads).limit(0))
            connection.execute(select(filling).limit(0))

    def close(self) -> None:
        with translated(self._where):
            self._engine.dispose()

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        self._unchanged()
        with translated(self._where), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        self._unchanged()
        with translated(self._where), self._engine.connect() as connection:
            connection = connection.execution_options(writing=True)
            with connection.begin():
                yield connection

    def _upsert(self, connection: Connection, values: Sequence[Mapping[str, object]]) -> None:
        insert = postgresql.insert(threads) if self._postgres else sqlite.insert(threads)
        new = {column.name: insert.excluded[column.name] for column in threads.c if column.name != "path"}
        connection.execute(insert.on_conflict_do_update(index_elements=[threads.c.path], set_=new), values)

    def _values(self, row: ThreadRow) -> dict[str, object]:
        if self._postgres:
            row = _without_nul(row)
        values = {name: getattr(row, name) for name in _FIELDS}
        return values | {
            "updated_at": row.updated_at,
            "archived": row.archived,
            "listed": row.listed,
            "kind": row.kind,
            "seal": _seal(row),
        }

    def _row(self, values: Row[tuple[object, ...]]) -> ThreadRow:
        """Return a row as it was put; one that has changed since has the facts of no file, and will be read again."""
        stored: dict[str, JsonValue] = dict(zip(_NAMES, values, strict=True))
        seal = stored.pop("seal")
        row = ThreadRow(**stored)
        if _seal(row) == seal:
            return row
        blank = blank_row(str(row.path))
        if blank is None:
            raise IndexCorrupt(self._where, f"a row has the path {row.path!r}")
        return blank


def _filtered(query: ThreadQuery) -> Select[tuple[object, ...]]:
    statement = select(*_ROW).where(threads.c.archived == query.archived, threads.c.listed)
    if query.source_kinds is not None:
        statement = statement.where(threads.c.kind.in_(sorted(narrowest(query.source_kinds))))
    if query.model_providers:
        provider = func.coalesce(func.nullif(threads.c.model_provider, ""), query.default_provider)
        statement = statement.where(provider.in_(query.model_providers))
    if query.cwd is not None:
        statement = statement.where(threads.c.cwd.in_(sorted(spellings(query.cwd))))
    return statement


def _batches(paths: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(paths), _AT_ONCE):
        yield paths[start : start + _AT_ONCE]


def _seal(row: ThreadRow) -> int:
    return crc32(msgspec.msgpack.encode(row))


def _without_nul(row: ThreadRow) -> ThreadRow:
    """PostgreSQL cannot store the character that ends strings in C."""
    texts = {name: value for name in _FIELDS if isinstance(value := getattr(row, name), str) and "\0" in value}
    return msgspec.structs.replace(row, **{name: text.replace("\0", "\ufffd") for name, text in texts.items()})
