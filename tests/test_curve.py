"""The course of a training as a table and as a picture."""

from __future__ import annotations

from math import isnan, nan
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bot.phrasing.curve import PICTURE, TABLE, Point, picture, read_curve, write_curve

POINTS = [Point(0, nan, 4.0, 5.0, 0.0), Point(100, 3.5, 2.5, 3.0, 812.5), Point(200, 2.0, 2.0, 3.5, 1600.0)]
SVG = "{http://www.w3.org/2000/svg}"


def lines(points: list[Point]) -> dict[str, list[tuple[float, float]]]:
    """The (x, y) of each line of the picture, y downwards, under the colour it is drawn in."""
    drawn = ElementTree.fromstring(picture(points, "tiny")).iter(f"{SVG}polyline")
    return {
        line.attrib["stroke"]: [
            (float(x), float(y)) for x, y in (at.split(",") for at in line.attrib["points"].split())
        ]
        for line in drawn
    }


def test_the_table_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_curve(tmp_path, POINTS, "tiny")
    assert (tmp_path / TABLE).read_text(encoding="utf-8").splitlines()[0] == "step,taught,items,domains,seconds"
    found = read_curve(tmp_path)
    assert isnan(found[0].taught)
    assert found[1:] == POINTS[1:]
    assert (found[0].step, found[0].items) == (0, 4.0)


def test_a_longer_table_takes_the_place_of_the_old(tmp_path: Path) -> None:
    write_curve(tmp_path, POINTS[:2], "tiny")
    write_curve(tmp_path, POINTS, "tiny")
    assert [point.step for point in read_curve(tmp_path)] == [0, 100, 200]


def test_where_nothing_was_trained_there_are_no_points(tmp_path: Path) -> None:
    assert read_curve(tmp_path) == []


def test_one_point_is_no_curve(tmp_path: Path) -> None:
    write_curve(tmp_path, POINTS[:1], "tiny")
    assert not (tmp_path / PICTURE).exists()
    write_curve(tmp_path, POINTS[:2], "tiny")
    assert (tmp_path / PICTURE).exists()


def test_the_picture_shows_each_loss_over_the_steps() -> None:
    taught, items, domains = lines(POINTS).values()
    # What was not measured is left out, not drawn as something.
    assert len(taught) == 2
    assert [x for x, _ in items] == [x for x, _ in domains]
    assert taught[0][0] == items[1][0]
    first, second, third = (x for x, _ in items)
    assert second - first == pytest.approx(third - second, abs=0.2)
    # Less is lower, and one scale serves all lines.
    heights = {loss: y for loss, (_, y) in zip((4.0, 2.5, 2.0), items, strict=True)}
    assert heights[2.0] > heights[2.5] > heights[4.0]
    assert taught[1][1] == pytest.approx(heights[2.0], abs=0.2)
    assert domains[0][1] < heights[4.0]


def test_a_title_is_text_and_the_last_losses_are_said() -> None:
    texts = [text.text for text in ElementTree.fromstring(picture(POINTS, "a <b> & c")).iter(f"{SVG}text")]
    assert "a <b> & c" in texts
    assert {"taught 2.00", "held out: items 2.00", "held out: kinds 3.50"} <= set(texts)


def test_a_loss_that_never_changes_can_be_drawn() -> None:
    (items,) = lines([Point(0, nan, 2.0, nan, 0.0), Point(10, nan, 2.0, nan, 9.0)]).values()
    assert items[0][1] == items[1][1]
