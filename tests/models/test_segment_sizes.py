"""How large segments were, night by night, and whom they share."""

from datetime import date


def member(segment, profile_id):
    return {"segment": segment, "profile_id": profile_id}


def test_overlap_is_told_of_both_sides(made):
    rows = [member("vips", p) for p in "abc"] + [member("buyers", p) for p in "bcde"]
    found = made("marts.segment_overlaps", {"marts.segment_members": rows})
    assert found == [("buyers", "vips", 2, 0.5, 0.4), ("vips", "buyers", 2, 0.6667, 0.4)]


def test_segments_that_share_nobody_have_no_row(made):
    rows = [member("vips", "a"), member("buyers", "b")]
    assert made("marts.segment_overlaps", {"marts.segment_members": rows}) == []


def test_a_size_is_all_entries_less_all_exits_so_far(made):
    moves = [
        {"segment": segment, "profile_id": profile_id, "change": change, "as_of": date(2026, 6, day)}
        for segment, profile_id, change, day in (
            ("vips", "a", "entered", 1), ("vips", "b", "entered", 1), ("vips", "a", "left", 3),
            ("vips", "c", "entered", 3), ("buyers", "a", "entered", 2),
        )
    ]
    found = made("marts.segment_sizes", {"marts.segment_history": moves})
    assert found == [
        ("buyers", date(2026, 6, 2), 1, 1, 0),
        ("buyers", date(2026, 6, 3), 1, 0, 0),
        ("vips", date(2026, 6, 1), 2, 2, 0),
        ("vips", date(2026, 6, 2), 2, 0, 0),
        ("vips", date(2026, 6, 3), 2, 1, 1),
    ]
