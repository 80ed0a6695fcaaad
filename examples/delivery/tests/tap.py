"""Runs files of tests, and writes TAP."""

import importlib.util
import pathlib
import sys
import traceback

sys.path.insert(0, str(pathlib.Path("service").resolve()))


def tests_of(path):
    spec = importlib.util.spec_from_file_location(pathlib.Path(path).stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found = vars(module).items()
    return [(name, test) for name, test in found if name.startswith("test_")]


def main():
    tests = [test for path in sys.argv[1:] for test in tests_of(path)]
    print(f"1..{len(tests)}")
    failed = False
    for number, (name, test) in enumerate(tests, 1):
        try:
            test()
            print(f"ok {number} - {name}")
        except Exception:
            failed = True
            print(f"not ok {number} - {name}")
            for line in traceback.format_exc().splitlines():
                print(f"# {line}")
    sys.exit(failed)


main()
