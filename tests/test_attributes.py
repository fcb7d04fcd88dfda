import numpy as np
import pytest

from bot.understanding.attributes import NumericField, numeric_fields
from bot.understanding.limits import limits
from retrieval.catalogue import Catalogue, build
from retrieval.items import Item


def catalogue_of(**attributes: list[float]) -> Catalogue:
    """Items with these attributes' values, all in one domain."""
    longest = max(len(values) for values in attributes.values())
    items = [
        Item(str(i), f"t{i}", "thing", attributes={name: v[i] for name, v in attributes.items() if i < len(v)})
        for i in range(longest)
    ]
    return build(items, np.ones((longest, 2), dtype=np.float32))


def field_of(name: str, *values: float) -> NumericField:
    (field,) = numeric_fields(catalogue_of(**{name: list(values)}))
    return field


@pytest.mark.parametrize(
    ("name", "values", "dimension", "scale"),
    [
        ("duration_minutes", (30, 120), "time", 1),
        ("duration_hours", (1, 7), "time", 60),
        ("weeks", (2, 12), "time", 10_080),
        ("runtime", (80, 180), "time", 1),
        ("duration", (1, 6), "time", 60),
        ("warranty_years", (1, 3), "time", 525_960),
        ("walk_minutes_to_metro", (3, 20), "time", 1),
        ("时长(分钟)", (30, 90), "time", 1),
        ("distance_km", (0.3, 4), "length", 1_000),
        ("beach_distance_m", (50, 900), "length", 1),
        ("distance", (100, 4_000), "length", 1),
        ("room_size_m2", (20, 60), "area", 1),
        ("roomSizeSqm", (20, 60), "area", 1),
        ("weight", (200, 3_000), "mass", 1),
        ("weight_kg", (0.2, 3), "mass", 1_000),
        ("stars", (1, 5), "score", 1),
        ("rating", (6.5, 9.3), "score", 0.5),
        ("评分", (3.5, 4.9), "score", 1),
        ("price_per_night", (300, 900), "money", 1),
        ("year_built", (1900, 2020), "year", 1),
        ("pages", (100, 700), "pages", 1),
        ("页数", (100, 700), "pages", 1),
        ("num_bathrooms", (1, 3), "bathrooms", 1),
        ("review_count", (10, 3_000), "reviews", 1),
        ("word_count", (3_000, 90_000), "words", 1),
        ("max_guests", (2, 6), "capacity", 1),
        ("group_size", (6, 20), "members", 1),
        ("checkouts", (3, 900), "checkout", 1),
    ],
)
def test_a_name_tells_what_is_measured_and_in_which_unit(
    name: str, values: tuple[float, ...], dimension: str, scale: float
) -> None:
    field = field_of(name, *values)
    assert (field.field, field.dimension, field.scale) == (f"attributes.{name}", dimension, scale)
    assert (field.low, field.high, field.count) == (min(values), max(values), len(values))


def test_words_come_from_the_name_and_from_what_people_call_it() -> None:
    assert {"评分", "rating", "score"} <= field_of("rating", 4).words
    assert {"续航", "battery"} <= field_of("battery_hours", 4).words
    assert {"shelf", "shelfs"} & field_of("shelf", 4).words
    assert field_of("min_players", 2).bound == "min"


def test_price_year_and_domains_are_learnt_too() -> None:
    items = [
        Item("1", "a", "book", price=30, year=1999, attributes={"pages": 300, "signed": True, "format": "paper"}),
        Item("2", "b", "film", year=2005, attributes={"duration_minutes": 90, "pages": (("x"),)}),
        Item("3", "c", "book", attributes={"pages": 120.5}),
    ]
    fields = {f.field: f for f in numeric_fields(build(items, np.ones((3, 2), dtype=np.float32)))}
    assert fields.keys() == {"price", "year", "attributes.pages", "attributes.duration_minutes"}
    assert (fields["attributes.pages"].low, fields["attributes.pages"].high) == (120.5, 300)
    assert fields["attributes.pages"].domains == {"book"}
    assert fields["year"].domains == {"book", "film"}


def test_no_items_no_fields() -> None:
    assert numeric_fields(build([], np.empty((0, 2), dtype=np.float32))) == ()


def said(text: str, fields: tuple[NumericField, ...], **where: list[str]) -> list[tuple[str, str, float]]:
    return [(c.field.removeprefix("attributes."), c.op, c.value) for c in limits(text, fields, **where)]


def test_among_fields_of_a_unit_the_named_the_fitting_and_the_common_one_are_meant() -> None:
    fields = numeric_fields(catalogue_of(duration_minutes=[10, 90, 180], battery_hours=[4, 60], cook_minutes=[5, 40]))
    assert said("两小时以内", fields) == [("duration_minutes", "<=", 120)]
    assert said("续航两小时以上", fields) == [("battery_hours", ">=", 2)]
    assert said("at least 20 hours", fields) == [("battery_hours", ">=", 20)]
    assert said("cooking time under 30 minutes", fields) == [("cook_minutes", "<=", 30)]


def test_the_domains_in_question_decide_before_the_range_does() -> None:
    items = [
        Item("1", "a", "tour", attributes={"duration_hours": 2}),
        Item("2", "b", "film", attributes={"runtime_minutes": 95}),
    ]
    fields = numeric_fields(build(items, np.ones((2, 2), dtype=np.float32)))
    assert said("不超过三小时", fields, domains=["film"]) == [("runtime_minutes", "<=", 180)]
    assert said("不超过三小时", fields, domains=["tour"]) == [("duration_hours", "<=", 3)]


def test_so_many_people_lie_between_the_least_and_the_most() -> None:
    fields = numeric_fields(catalogue_of(min_players=[2, 3], max_players=[4, 8]))
    assert sorted(said("适合5个人玩", fields)) == [("max_players", ">=", 5), ("min_players", "<=", 5)]


def test_points_of_ten_on_a_scale_of_five_and_stars_on_one_of_ten() -> None:
    five, ten = (numeric_fields(catalogue_of(rating=values)) for values in ([3.2, 4.9], [6.1, 9.4]))
    assert said("8分以上", five) == [("rating", ">=", 4)]
    assert said("4.5以上的评分", five) == [("rating", ">=", 4.5)]
    assert said("at least 4 stars", ten) == [("rating", ">=", 8)]
    assert said("评分8.5以上", ten) == [("rating", ">=", 8.5)]
