"""Rows that wait to be scored, and are scored together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple, TypeVar

import numpy as np

AT_ONCE = 4096  # rows that are scored together, if so many wait
MOST_WAITING = 200_000  # rows that wait; further ones are refused
T = TypeVar("T")


class TooBusyError(RuntimeError):
    """So many rows wait that no more are taken."""


class Waiting(NamedTuple):
    """Rows that wait, and who waits for their scores."""

    rows: list[Any]
    scores: asyncio.Future[np.ndarray]


class Batcher:
    """Scores rows in a thread, and those of several requests together that wait meanwhile.

    Parameters
    ----------
    score : callable
        Scores of a list of n rows, (n,).
    note : callable
        Is told the number of rows each time some are scored.
    """

    def __init__(
        self, score: Callable[[list[Any]], np.ndarray], note: Callable[[int], object]
    ) -> None:
        self.score, self.note = score, note
        self._waiting: list[Waiting] = []
        self._n_waiting = 0
        self._thread = ThreadPoolExecutor(1, "scoring")
        self._task: asyncio.Task[None] | None = None  # which scores what waits, while there is any
        self._is_closed = False

    async def scores(self, rows: list[Any]) -> np.ndarray:
        """Scores of rows, when their turn has come.

        Raises
        ------
        TooBusyError
            If too many rows wait, or the server stops.
        Exception
            What scoring these rows alone raises.
        """
        if self._is_closed:
            raise TooBusyError("The server stops.")
        if self._n_waiting + len(rows) > MOST_WAITING and self._waiting:
            raise TooBusyError(f"{self._n_waiting} rows wait to be scored. Try again later.")
        waiting = Waiting(rows, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._n_waiting += len(rows)
        if self._task is None:
            self._task = asyncio.create_task(self._work())
        return await waiting.scores

    async def run(self, work: Callable[[], T]) -> T:
        """Do other work in the thread that scores."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def close(self) -> None:
        """Score what waits, and take no more."""
        self._is_closed = True
        if self._task is not None:
            await self._task
        self._thread.shutdown()

    async def _work(self) -> None:
        """Score what waits, until nothing does."""
        while self._waiting:
            batch = self._next()
            results = await self.run(partial(self._found, batch))
            for waiting, found in zip(batch, results, strict=True):
                if waiting.scores.done():  # nobody waits any more
                    continue
                if isinstance(found, Exception):
                    waiting.scores.set_exception(found)
                else:
                    waiting.scores.set_result(found)
        self._task = None

    def _next(self) -> list[Waiting]:
        """Take requests that wait, up to so many rows as are scored at once."""
        n_rows, n = 0, 0
        for waiting in self._waiting:
            if n and n_rows + len(waiting.rows) > AT_ONCE:
                break
            n_rows, n = n_rows + len(waiting.rows), n + 1
        batch, self._waiting = self._waiting[:n], self._waiting[n:]
        self._n_waiting -= n_rows
        return batch

    def _found(self, batch: Sequence[Waiting]) -> list[np.ndarray | Exception]:
        """Scores of the rows of each request, or the error that they have alone."""
        together = self._scores_or_error([row for waiting in batch for row in waiting.rows])
        if isinstance(together, Exception):
            return [self._scores_or_error(waiting.rows) for waiting in batch]
        return list(np.split(together, np.cumsum([len(waiting.rows) for waiting in batch])[:-1]))

    def _scores_or_error(self, rows: list[Any]) -> np.ndarray | Exception:
        try:
            scores = self.score(rows)
        except Exception as error:
            return error
        self.note(len(rows))
        return scores
