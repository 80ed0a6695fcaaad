"""What there is to know about making tea."""


def text(name, how):
    """How a tea is made, in a sentence."""
    minutes = how["minutes"]
    unit = "minute" if minutes == 1 else "minutes"
    return f"{name}: {minutes} {unit} at {how['degrees']} degrees"


def wrong(menu, kettle):
    """Each tea that cannot be made with a kettle that reaches so many degrees, and why."""
    found = {}
    for name, how in sorted(menu.items()):
        if how.get("minutes", 0) <= 0:
            found[name] = "it has no minutes"
        elif how.get("degrees", 0) > kettle:
            found[name] = f"the kettle here reaches {kettle} degrees"
    return found
