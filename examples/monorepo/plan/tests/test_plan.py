"""All teas are ready at once."""

from brewplan import MENU, Tea, plan, read


def test_the_longest_starts_first():
    teas = [Tea("green", 120), Tea("mint", 360)]
    assert plan(teas) == [(0, "mint"), (240, "green")]


def test_nothing_needs_no_plan():
    assert plan([]) == []


def test_the_menu_can_be_planned():
    with MENU.open(encoding="utf-8") as menu:
        teas = read(menu)
    steeps = {tea.name: tea.seconds for tea in teas}
    assert len({start + steeps[name] for start, name in plan(teas)}) == 1
