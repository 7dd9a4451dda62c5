"""Names that are imported when they are asked for."""

from __future__ import annotations

import pytest

from clusterbench.lazy_names import lazy_names


def test_a_name_is_imported_from_its_module_when_it_is_asked_for():
    assert lazy_names("clusterbench", {"text": ("percent",)})("percent")(0.16) == "16 %"
    with pytest.raises(AttributeError, match="has no attribute 'other'"):
        lazy_names("clusterbench", {"text": ("percent",)})("other")


def test_a_module_that_would_hide_a_name_is_refused():
    with pytest.raises(ValueError, match="modules of clusterbench hide the names text"):
        lazy_names("clusterbench", {"text": ("text", "percent")})
