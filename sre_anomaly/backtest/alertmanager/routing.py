"""stand-in"""


class Routing:
    @classmethod
    def default(cls, group_by: tuple[str, ...] = ()) -> "Routing":
        return cls()
