"""The quantile function of the symmetric beta distribution Beta(1.25, 1.25).

For u <= 1/2 the quantile is a smooth function of t = u^(1/1.25), because x ~ (1.25 B u)^(1/1.25) near 0, so
a short Chebyshev series in t gives it to 5e-14; the other half follows by symmetry. The coefficients are
fixed here, so that a draw never depends on the version of a library.
"""

from __future__ import annotations

import numpy as np
from numpy.polynomial.chebyshev import chebval

SHAPE = 1.25
SERIES = (
    0.2452065664942951, 0.2495924519902508, 0.0047458992876952, 0.0004011108341183,
    4.6582133970e-05, 6.2878819213e-06, 9.2767733837e-07, 1.4517700237e-07,
    2.3695237298e-08, 3.9913322551e-09, 6.8901590565e-10, 1.2130218355e-10,
    2.1701760312e-11, 3.9348675892e-12, 7.2089813933e-13, 1.2880646008e-13,
)  # fmt: skip


def beta_quantile(u: np.ndarray) -> np.ndarray:
    """Return the x in [0, 1] below which a share u of Beta(1.25, 1.25) lies, to 5e-14."""
    t = (2 * np.minimum(u, 1 - u)) ** (1 / SHAPE)  # from 0 at the ends to 1 in the middle
    lower = np.maximum(chebval(2 * t - 1, SERIES), 0)
    return np.asarray(np.where(u <= 0.5, lower, 1 - lower))  # noqa: PLR2004 - the middle
