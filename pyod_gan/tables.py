"""Public names of the encoder of tables, see :mod:`pyod_gan.front_ends.table_encoder`."""

from __future__ import annotations

from .front_ends.columns import ColumnEncoder
from .front_ends.front_end import Output
from .front_ends.table_encoder import TableEncoder, as_frame, is_frame

__all__ = ["ColumnEncoder", "Output", "TableEncoder", "as_frame", "is_frame"]
