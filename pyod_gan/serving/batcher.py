"""Rows that wait to be scored, and are scored together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple

import numpy as np

AT_ONCE = 4096  # rows that are scored together, if so many wait
MOST_WAITING = 200_000  # rows that wait; further ones are refused


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
    """

    def __init__(self, score: Callable[[list[Any]], np.ndarray]) -> None:
        self.score = score
        self.sizes: list[int] = []  # of what was scored together, since it was last asked
        self._waiting: list[Waiting] = []
        self._n_waiting = 0
        self._has_come = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, "scoring")
        self._task = asyncio.create_task(self._work())

    async def scores(self, rows: list[Any]) -> np.ndarray:
        """Scores of rows, when their turn has come.

        Raises
        ------
        TooBusyError
            If too many rows wait.
        Exception
            What scoring these rows alone raises.
        """
        if self._n_waiting + len(rows) > MOST_WAITING and self._waiting:
            raise TooBusyError(f"{self._n_waiting} rows wait to be scored. Try again later.")
        waiting = Waiting(rows, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._n_waiting += len(rows)
        self._has_come.set()
        return await waiting.scores

    async def run(self, work: Callable[[], Any]) -> Any:
        """Do other work in the thread that scores."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def close(self) -> None:
        """Score what waits, and stop."""
        while self._waiting:
            await asyncio.sleep(0.01)
        self._task.cancel()
        self._thread.shutdown()

    async def _work(self) -> None:
        while True:
            await self._has_come.wait()
            batch = self._next()
            self.sizes.append(sum(len(waiting.rows) for waiting in batch))
            results = await self.run(partial(self._found, batch))
            for waiting, found in zip(batch, results, strict=True):
                if waiting.scores.done():  # nobody waits any more
                    continue
                if isinstance(found, Exception):
                    waiting.scores.set_exception(found)
                else:
                    waiting.scores.set_result(found)

    def _next(self) -> list[Waiting]:
        """Take requests that wait, up to so many rows as are scored at once."""
        n_rows, n = 0, 0
        for waiting in self._waiting:
            if n and n_rows + len(waiting.rows) > AT_ONCE:
                break
            n_rows, n = n_rows + len(waiting.rows), n + 1
        batch, self._waiting = self._waiting[:n], self._waiting[n:]
        self._n_waiting -= n_rows
        if not self._waiting:
            self._has_come.clear()
        return batch

    def _found(self, batch: Sequence[Waiting]) -> list[np.ndarray | Exception]:
        """Scores of the rows of each request, or the error that they have alone."""
        together = self._scores_or_error([row for waiting in batch for row in waiting.rows])
        if isinstance(together, Exception):
            return [self._scores_or_error(waiting.rows) for waiting in batch]
        return list(np.split(together, np.cumsum([len(waiting.rows) for waiting in batch])[:-1]))

    def _scores_or_error(self, rows: list[Any]) -> np.ndarray | Exception:
        try:
            return self.score(rows)
        except Exception as error:
            return error
