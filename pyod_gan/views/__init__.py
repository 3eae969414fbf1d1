"""Views of the rows of a table, and the pre-trained critic that weighs them."""

from __future__ import annotations

from .pretrained_critic import PretrainedCritic, views_in_words
from .table_views import VIEWS, TableViews
from .weighed_views import WeighedViews

__all__ = ["VIEWS", "PretrainedCritic", "TableViews", "WeighedViews", "views_in_words"]
