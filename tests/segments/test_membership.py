"""Who entered and left, when and why; what a guard holds; what a run made again changes."""

from __future__ import annotations

from datetime import datetime

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

CONSENTING = ("golden.consents",)


def said(members, **about):
    """A segment of whom these are in, with its `query`, `guards` or what it `reads`."""
    return {"members": members} | about


# Reasons -----------------------------------------------------------------------------------------


def test_a_new_segment_s_people_enter_by_its_definition(nights):
    nights.run(1, {"vips": "ab"})
    assert nights.moves(1) == {("a", "entered", "definition"), ("b", "entered", "definition")}


def test_what_people_do_moves_them_by_behaviour(nights):
    nights.run(1, {"vips": "ab"})
    nights.run(2, {"vips": "bc"})
    assert nights.moves(2) == {("a", "left", "behaviour"), ("c", "entered", "behaviour")}


def test_a_new_query_moves_people_by_definition(nights):
    nights.run(1, {"vips": said("ab", query="1")})
    nights.run(2, {"vips": said("b", query="2")})
    assert nights.moves(2) == {("a", "left", "definition")}


def test_a_segment_that_reads_a_rewritten_one_moves_by_definition(nights):
    reader = {"reads": ("segments.vips",)}
    nights.run(1, {"vips": said("ab", query="1"), "quiet_vips": said("ab", **reader)})
    nights.run(2, {"vips": said("b", query="2"), "quiet_vips": said("b", **reader)})
    told = nights.rows("segment_history", "segment", "change", "reason")
    assert ("quiet_vips", "left", "definition") in told


def test_a_segment_whose_file_is_gone_is_left_by_definition(nights):
    nights.run(1, {"vips": "a", "others": "b"})
    nights.run(2, {"others": "b"})
    assert nights.moves(2) == {("a", "left", "definition")}
    assert nights.rows("segments", "segment") == [("others",)]


def test_a_grant_or_a_no_moves_people_by_consent(nights):
    reachable = {"reads": CONSENTING}
    nights.run(1, {"reachable": said("ab", **reachable)}, granted="ab")
    nights.run(2, {"reachable": said("bc", **reachable)}, granted="bc")
    assert nights.moves(2) == {("a", "left", "consent"), ("c", "entered", "consent")}


def test_consent_is_no_reason_where_a_segment_does_not_ask_for_it(nights):
    nights.run(1, {"vips": "a"}, granted="")
    nights.run(2, {"vips": "ab"}, granted="b")
    assert nights.moves(2) == {("b", "entered", "behaviour")}


def test_who_is_nobody_s_profile_any_more_leaves_by_erasure(nights):
    nights.run(1, {"vips": "ab"})
    nights.run(2, {"vips": "b"}, profiles="bcdefgh", changes=[("retired", "a", None)])
    assert nights.moves(2) == {("a", "left", "erasure")}


def test_nothing_is_told_of_who_was_erased_nor_of_whom_they_were_before(nights):
    nights.run(1, {"vips": "abc"})
    nights.run(2, {"vips": "bc"}, profiles="bcdefgh", changes=[("merged", "a", "b")], redirects={"a": "b"})
    nights.run(3, {"vips": "c"}, profiles="cdefgh", changes=[("erased", "b", None)], redirects={"a": "b"})
    assert nights.moves(3) == set()
    assert nights.rows("segment_history", "profile_id", "change") == [("c", "entered")]
    assert nights.rows("segment_members", "profile_id") == [("c",)]


def test_a_merge_and_a_split_move_people_by_identity(nights):
    nights.run(1, {"vips": "ab"})
    nights.run(2, {"vips": "bz"}, profiles="bcdefghz", redirects={"a": "b"},
               changes=[("merged", "a", "b"), ("split", "b", "z")])
    assert nights.moves(2) == {("a", "left", "identity"), ("z", "entered", "identity")}


# Entry -------------------------------------------------------------------------------------------


def entered_at(nights, profile_id):
    told = nights.rows("segment_members", "profile_id", "entered_at")
    return dict(told)[profile_id]


def test_a_merge_keeps_the_earliest_entry(nights):
    """Whether the one that stays was in the segment too, or not."""
    nights.run(1, {"vips": "ac"})
    nights.run(2, {"vips": "acd"})
    nights.run(3, {"vips": "bd"}, profiles="bdefgh", redirects={"a": "b", "c": "d"},
               changes=[("merged", "a", "b"), ("merged", "c", "d")])
    assert entered_at(nights, "b") == entered_at(nights, "d") == datetime(2026, 6, 1)


def test_who_comes_back_has_entered_again(nights):
    for day, members in enumerate(("a", "", "a"), 1):
        nights.run(day, {"vips": members})
    assert entered_at(nights, "a") == datetime(2026, 6, 3)


# Guards ------------------------------------------------------------------------------------------


def held(nights):
    return nights.rows("segments", "is_held", "held_reason")


def test_a_segment_that_breaks_a_guard_stands_as_it_was(nights):
    guards = {"half": "max_change 25%", "quarter": "max_change 25%", "nobody": "min_size 3"}
    tonight = {"half": "ab", "quarter": "abc", "nobody": ""}
    for day, members in ((1, dict.fromkeys(guards, "abcd")), (2, tonight)):
        nights.run(day, {name: said(members[name], guards=guards[name]) for name in guards})
    assert {name: "".join(nights.members(name)) for name in guards} == {
        "half": "abcd", "quarter": "abc", "nobody": "abcd"
    }
    assert nights.moves(2) == {("d", "left", "behaviour")}
    assert nights.rows("segments", "segment", "held_reason") == [
        ("half", "2 of 4 people entered or left, 50%, more than max_change 25%"),
        ("nobody", "0 people are fewer than min_size 3"),
        ("quarter", None),
    ]


def test_the_first_night_has_nothing_to_hold(nights):
    nights.run(1, {"vips": said("a", guards="min_size 3, max_change 10%")})
    assert (nights.members("vips"), held(nights)) == (["a"], [(False, None)])


def test_a_guard_that_is_loosened_lets_go_and_says_that_the_query_changed(nights):
    nights.run(1, {"vips": said("abcd", guards="max_change 25%")})
    nights.run(2, {"vips": said("ab", query="2", guards="max_change 25%")})
    [(first,)] = nights.rows("segment_definitions", "definition_hash")
    assert nights.rows("segments", "definition_hash") == [(first,)]
    nights.run(3, {"vips": said("ab", query="2", guards="max_change 60%")})
    assert nights.moves(3) == {("c", "left", "definition"), ("d", "left", "definition")}
    assert len(nights.rows("segment_definitions", "definition_hash")) == 2


def test_a_held_segment_holds_no_profile_that_is_gone(nights):
    """A guard keeps people where they were; ids that a merge or an erasure ended go all the same."""
    guards = "max_change 10%"
    nights.run(1, {"vips": said("abcd", guards=guards)})
    nights.run(2, {"vips": said("", guards=guards)}, profiles="cdefgh", redirects={"a": "e"},
               changes=[("merged", "a", "e"), ("retired", "b", None)])
    assert nights.members("vips") == list("cde")
    assert nights.moves(2) == {
        ("a", "left", "identity"), ("e", "entered", "identity"), ("b", "left", "erasure"),
    }
    assert entered_at(nights, "e") == datetime(2026, 6, 1)


def test_a_merge_alone_is_no_change_that_a_guard_counts(nights):
    nights.run(1, {"vips": said("ab", guards="max_change 10%")})
    nights.run(2, {"vips": said("b", guards="max_change 10%")}, profiles="bcdefgh",
               redirects={"a": "b"}, changes=[("merged", "a", "b")])
    assert (nights.members("vips"), held(nights)) == (["b"], [(False, None)])


READS_CONSENTS = {"guards": "max_change 25%", "reads": CONSENTING}


def test_no_guard_keeps_somebody_who_withdrew(nights):
    """Of a segment that asks for consents a broken guard holds the entries alone."""
    nights.run(1, {"reachable": said("abcd", **READS_CONSENTS)}, granted="abcd")
    nights.run(2, {"reachable": said("cdefg", **READS_CONSENTS)}, granted="cdefg")
    assert nights.members("reachable") == list("cd")
    assert nights.moves(2) == {("a", "left", "consent"), ("b", "left", "consent")}
    [(is_held, reason)] = held(nights)
    assert is_held and reason.endswith("it asks for consents, so nobody enters but people leave")


def test_nor_anybody_whose_data_must_not_be_used(nights):
    """Who is restricted leaves whatever the segment asks for, held or not, and comes back when that ends."""
    guards = "max_change 25%"
    nights.run(1, {"vips": said("abcd", guards=guards), "others": "ab"})
    nights.run(2, {"vips": said("", guards=guards), "others": "b"}, restricted="a")
    assert (nights.members("vips"), nights.members("others")) == (list("bcd"), ["b"])
    assert nights.moves(2) == {("a", "left", "consent")}
    nights.run(3, {"vips": said("abcd", guards=guards), "others": "ab"})
    assert nights.moves(3) == {("a", "entered", "consent")}


def test_nor_where_consents_are_asked_for_otherwise(nights):
    """Through another segment, or in the tables that consents come from; a third one holds everybody."""
    reads = {
        "reachable": ("segments.asking",),
        "contacted": ("golden.contact_consents",),
        "loyal": ("golden.orders",),
    }
    for day, members in ((1, "abcd"), (2, "d")):
        told = {name: said(members, guards="max_change 25%", reads=one) for name, one in reads.items()}
        nights.run(day, told | {"asking": said("abcd", reads=CONSENTING)}, granted="abcd")
    assert [nights.members(name) for name in reads] == [["d"], ["d"], list("abcd")]


def test_a_new_query_that_asks_for_consents_keeps_nobody_it_does_not_name(nights):
    guards = "max_change 25%"
    nights.run(1, {"loyal": said("abcd", guards=guards)}, granted="d")
    nights.run(2, {"loyal": said("de", query="2", **READS_CONSENTS)}, granted="d")
    assert nights.members("loyal") == ["d"]
    assert len(nights.rows("segment_definitions", "definition_hash")) == 1


# Through time ------------------------------------------------------------------------------------


@given(chance=st.randoms())
@settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture],
          phases=(Phase.explicit, Phase.reuse, Phase.generate))
def test_entries_less_exits_are_the_members_however_a_night_was_made(nights, tmp_path_factory, chance):
    """Random nights with merges, splits, erasures, orders, new queries and guards: one made again
    changes nothing, and after another that published nothing it comes out the same."""
    nights = type(nights)(tmp_path_factory.mktemp("nights") / "home")
    alive, redirects = set("abcdefghijkl"), {}
    orders: dict[str, int] = {}
    for day in (1, 2, 3):
        changes = []
        if day > 1 and chance.random() < 0.7:
            gone, into = chance.sample(sorted(alive), 2)
            alive.remove(gone)
            redirects |= {old: into for old, new in redirects.items() if new == gone} | {gone: into}
            changes = [("merged", gone, into)]
        if day > 1 and chance.random() < 0.3:
            changes.append(("retired", chance.choice(sorted(alive - {n for _, _, n in changes})), None))
            alive.remove(changes[-1][1])
        if day > 1 and chance.random() < 0.3:
            alive.add(f"s{day}")
            whole = chance.choice(sorted(alive - {f"s{day}"}))
            changes.append(("split", whole, f"s{day}"))
        for profile_id in alive:
            orders[profile_id] = orders.get(profile_id, 0) + chance.randint(0, 1)
        told, draft = drawn(chance, alive), drawn(chance, alive)
        night = {"profiles": sorted(alive), "changes": changes, "redirects": redirects,
                 "orders": {p: n for p, n in sorted(orders.items()) if p in alive and n}}
        before = nights.copy(tmp_path_factory.mktemp("copy") / "home") if day == 3 else None
        nights.run(day, told, **night)
        history = nights.rows("segment_history", "segment", "profile_id", "change")
        standing: dict[tuple[str, str], int] = {}
        for segment, profile_id, change in history:
            step = 1 if change == "entered" else -1
            standing[segment, profile_id] = standing.get((segment, profile_id), 0) + step
        assert set(standing.values()) <= {0, 1}
        present = sorted(pair for pair, count in standing.items() if count)
        assert present == nights.rows("segment_members", "segment", "profile_id")
        assert {profile_id for _, profile_id in present} <= alive
        assert totals(nights) == {
            "profiles": len(alive),
            "customers": len(night["orders"]),
            "orders": sum(night["orders"].values()),
            "revenue": 10 * sum(night["orders"].values()),
            "members of free": len(nights.members("free")),
            "members of guarded": len(nights.members("guarded")),
        }
    found = nights.everything()
    assert nights.run(day, told, **night) == ["unchanged"] * 5
    assert nights.everything() == found
    before.run(day, draft, publishes=False, **night)
    before.run(day, told, **night)
    assert before.everything() == found


def drawn(chance, alive):
    """Two segments of some of the living, the second asking for consents."""
    about = {"free": {}, "guarded": {"guards": "min_size 2, max_change 80%", "reads": CONSENTING}}
    return {
        name: said(
            [p for p in sorted(alive) if chance.random() < 0.6], query=str(chance.randint(1, 2)), **one
        )
        for name, one in about.items()
    }


def totals(nights):
    """What the bridges of all nights add up to."""
    found = dict.fromkeys(("profiles", "customers", "orders", "revenue", "members of free",
                           "members of guarded"), 0)
    for number, amount in nights.rows("number_changes", "number", "amount"):
        found[number] += amount
    return found


def test_a_night_that_did_not_publish_leaves_no_trace(nights):
    nights.run(1, {"vips": "a"})
    nights.run(2, {"vips": "ab"}, publishes=False)
    nights.run(3, {"vips": "ac"})
    assert nights.moves(2) == set()
    assert nights.moves(3) == {("c", "entered", "behaviour")}
