"""Empty databases of the product's schema: copies of one, made in the background before they are asked for."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from types import TracebackType
from typing import Self

from resources.postgres.database import Database, sibling

AHEAD = 2
TEMPLATE = "template_of_tests"  # nobody else connects to it: PostgreSQL copies no database that is in use


class Databases:
    """Copies of the database at `url`, each given once and dropped after use."""

    def __init__(self, url: str) -> None:
        self._url, self._numbers = url, count()
        self._administration = Database(sibling(url, "postgres"))
        self._worker = ThreadPoolExecutor(1)
        self._dropped: list[Future[None]] = []
        self._execute(f"create database {TEMPLATE} template okxsignal")
        self._ready = deque(self._worker.submit(self._create) for _ in range(AHEAD))

    @contextmanager
    def one(self) -> Iterator[Database]:
        """An empty database that lasts as long as the block."""
        ready = self._ready.popleft()
        self._ready.append(self._worker.submit(self._create))
        name = ready.result()
        yield Database(sibling(self._url, name))
        self._dropped.append(self._worker.submit(self._execute, f"drop database {name} with (force)"))

    def _create(self) -> str:
        name = f"test_{next(self._numbers)}"
        self._execute(f"create database {name} template {TEMPLATE} strategy file_copy")
        return name

    def _execute(self, statement: str) -> None:
        with self._administration.connect(autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[arg-type]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._worker.shutdown()
        for dropped in self._dropped:
            dropped.result()
