"""Public names of what reads and encodes tables, see :mod:`pyod_gan.front_ends`."""

from __future__ import annotations

from .front_ends.batches import Batches
from .front_ends.frames import as_frame, is_frame
from .front_ends.front_end import Output
from .front_ends.inspection import inspect_table
from .front_ends.table_encoder import TableEncoder
from .front_ends.table_reader import TableReader

__all__ = [
    "Batches",
    "Output",
    "TableEncoder",
    "TableReader",
    "as_frame",
    "inspect_table",
    "is_frame",
]
