import tea

GREEN = {"minutes": 2, "degrees": 75}


def test_nothing_is_wrong_with_a_tea_that_can_be_made():
    assert tea.wrong({"green": GREEN}, 75) == {}


def test_a_tea_may_need_more_than_the_kettle_gives():
    assert tea.wrong({"green": GREEN}, 74) == {"green": "the kettle here reaches 74 degrees"}


def test_a_tea_needs_minutes():
    assert tea.wrong({"green": {"degrees": 75}}, 100) == {"green": "it has no minutes"}
