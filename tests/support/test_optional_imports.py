"""Packages that come with an extra."""

from __future__ import annotations

import json
import sys

import pytest

from pyod_gan._support.optional_imports import import_optional


def test_a_missing_package_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    assert import_optional("json", "x") is json
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"needs pandas.*pip install 'pyod-gan\[tabular\]'"):
        import_optional("pandas", "tabular")
