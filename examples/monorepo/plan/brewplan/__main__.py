"""Prints the plan for the whole menu."""

from brewplan import MENU, plan, read

with MENU.open(encoding="utf-8") as menu:
    for start, name in plan(read(menu)):
        print(f"{start // 60}:{start % 60:02} {name}")
