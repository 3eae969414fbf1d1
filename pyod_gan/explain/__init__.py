"""Explanations of scores, in shares (``attribution.py``) and in words (``sentences.py``)."""
