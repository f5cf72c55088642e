"""Two measures of the same units, drawn."""

from __future__ import annotations

import numpy as np
import pytest

from exoraw.figures import Axis, FigureError
from exoraw.figures.scatter import ScatterStyle, scatter

X_AXIS, Y_AXIS = Axis("Dose", "uM", from_zero=False), Axis("Response", "%", from_zero=False)


def test_every_complete_unit_is_a_point_and_the_line_is_that_of_least_squares(
    rng: np.random.Generator,
) -> None:
    x = rng.normal(50, 10, 30)
    y = 3.0 - 0.5 * x + rng.normal(0, 1, 30)
    x[3], y[7] = np.nan, np.inf
    figure = scatter(x, y, X_AXIS, Y_AXIS, ScatterStyle(replicate="culture"))
    (axes,) = figure.axes
    (points,) = axes.collections
    kept = np.isfinite(x) & np.isfinite(y)
    assert points.get_offsets()[:, 1].tolist() == pytest.approx(y[kept].tolist())
    (line,) = [line for line in axes.lines if line.get_gid() == "line"]
    slope, intercept = np.polyfit(x[kept], y[kept], 1)
    ends = np.array([x[kept].min(), x[kept].max()])
    assert list(line.get_ydata()) == pytest.approx((intercept + slope * ends).tolist())
    said = " ".join(text.get_text() for text in figure.texts)
    assert "Each point is one culture, n = 28; line: least squares." in said


@pytest.mark.parametrize("values", [[5.0, 5.0, 5.0], [1e-9, 2e-9, 3e-9], [-1e9, 0.0, 1e9], [4.0]])
def test_hard_values_stay_on_the_page(values: list[float]) -> None:
    figure = scatter(values, values[::-1], X_AXIS, Y_AXIS)
    (axes,) = figure.axes
    heights = axes.collections[0].get_offsets()[:, 1]
    low, high = axes.get_ylim()
    assert (heights >= low).all()
    assert (heights <= high).all()
    page = figure.bbox
    for text in figure.texts:
        box = text.get_window_extent()
        assert box.x0 >= page.x0 - 1
        assert box.x1 <= page.x1 + 1
        assert box.y0 >= page.y0 - 1


def test_units_without_a_partner_are_refused_in_words() -> None:
    with pytest.raises(FigureError, match="belong in pairs"):
        scatter([1.0, 2.0], [1.0], X_AXIS, Y_AXIS)
    with pytest.raises(FigureError, match="no unit has a finite value"):
        scatter([np.nan], [1.0], X_AXIS, Y_AXIS)
