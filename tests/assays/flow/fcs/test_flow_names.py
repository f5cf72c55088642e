"""What `exoraw.assays.flow` offers loads when it is used, and not before."""

from __future__ import annotations

import subprocess
import sys

import pytest

import exoraw.assays.flow as flow


@pytest.mark.parametrize("name", flow.__all__)
def test_every_public_name_is_there_and_is_no_module(name: str):
    assert callable(getattr(flow, name))
    assert name in dir(flow)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'read_lmd'"):
        _ = flow.read_lmd


def test_importing_the_package_loads_no_maths():
    code = "import sys, exoraw.assays.flow; print('numpy' in sys.modules, 'scipy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
