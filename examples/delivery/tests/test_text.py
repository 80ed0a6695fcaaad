import tea


def test_one_minute_is_one():
    assert tea.text("mint", {"minutes": 1, "degrees": 95}) == "mint: 1 minute at 95 degrees"


def test_more_are_many():
    assert tea.text("green", {"minutes": 2, "degrees": 75}) == "green: 2 minutes at 75 degrees"
