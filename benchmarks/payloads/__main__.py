"""`python -m benchmarks.payloads FOLDER`: type every payload of a folder and print what became of each."""

import sys
from pathlib import Path

from rich.console import Console

from benchmarks.payloads.collected import print_table, read_folder

if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m benchmarks.payloads FOLDER")
    print_table(read_folder(Path(sys.argv[1])), Console(width=150))
