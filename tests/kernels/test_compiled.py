"""Loops run as plain Python first and give the same numbers once compiled."""

import subprocess
import sys

import numpy as np

from sre_anomaly.kernels.compiled import FEW, compiled
from sre_anomaly.kernels.rolling import new_window, rolling_mean_std


def test_plain_and_compiled_give_the_same_bits():
    """The function that is compiled is the function that runs before."""
    values = np.random.default_rng(0).normal(0, 1, 500)
    values[50:60] = np.nan
    plain = rolling_mean_std._plain(values, new_window(20))
    fast = rolling_mean_std(values, new_window(20))
    for one, other in zip(plain, fast, strict=True):
        np.testing.assert_array_equal(one, other)


def test_single_rows_do_not_wake_the_compiler():
    """In a new process a few single calls leave numba alone; many, or a large batch, load it."""
    code = (
        "import sys, numpy as np\n"
        "from sre_anomaly.kernels.trees.isolation_forest import FlatForest, expected_depth\n"
        "from sre_anomaly.detector.zscore import ZScore\n"
        "z = ZScore().fit(np.arange(20.0).reshape(10, 2))\n"
        "z.score(np.ones((1, 2)))\n"
        "assert 'numba' not in sys.modules\n"
        f"[z.score(np.ones((1, 2))) for _ in range({FEW})]\n"
        "assert 'numba' in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_loop_keeps_its_name_and_words():
    """A loop is documented like the function it was made of."""

    @compiled
    def total(values):
        """Add up."""
        return values.sum()

    assert total.__name__ == "total"
    assert total.__doc__ == "Add up."
