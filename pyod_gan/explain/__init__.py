"""Why a row is flagged: shares of the columns (``attribution.py``), in words (``sentences.py``)."""
