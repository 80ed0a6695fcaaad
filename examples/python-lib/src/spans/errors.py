"""What can be wrong with a text."""


class SpanError(ValueError):
    """A text is not a length of time: why, and where."""

    def __init__(self, reason: str, text: str, at: int) -> None:
        super().__init__(f"{reason} at character {at + 1} of {text!r}")
        self.reason = reason
        self.text = text
        self.at = at
