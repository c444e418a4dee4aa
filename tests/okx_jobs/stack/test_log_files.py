"""Logs are bounded, and an error shows the lines of its own attempt."""

import subprocess
import sys
from pathlib import Path

from okx_jobs.stack.log_files import begin, rotate, rotate_all, since_begin


def test_a_large_log_is_kept_in_two_parts_and_begins_anew(tmp_path: Path) -> None:
    log = tmp_path / "mlflow.log"
    for number in range(5):
        log.write_text(f"{number}" * 200)
        assert rotate(log, 100)
        assert log.read_text() == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mlflow.log", "mlflow.log.1", "mlflow.log.2"]
    assert [(tmp_path / f"mlflow.log.{part}").read_text()[0] for part in (1, 2)] == ["4", "3"]


def test_a_small_or_missing_log_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("x" * 100)
    assert not rotate(tmp_path / "a.log", 100)
    assert not rotate(tmp_path / "b.log", 100)
    rotate_all([tmp_path, tmp_path / "nowhere"], 100)
    assert (tmp_path / "a.log").read_text() == "x" * 100


def test_a_program_that_is_writing_goes_on_in_the_emptied_log(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    program = "import sys\nfor line in sys.stdin: print(line.strip() * 50, flush=True)"
    with log.open("ab") as output:
        child = subprocess.Popen(
            [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=output, text=True
        )
    assert child.stdin is not None
    for word in ("first", "second"):
        child.stdin.write(f"{word}\n")
        child.stdin.flush()
        while not log.read_text().endswith(f"{word}\n"):
            pass
        rotate_all([tmp_path], 100)
    child.stdin.close()
    child.wait(10)
    assert log.read_text() == ""
    assert [(tmp_path / f"x.log.{part}").read_text() for part in (1, 2)] == [
        "second" * 50 + "\n",
        "first" * 50 + "\n",
    ]


def test_only_the_lines_of_this_attempt_are_shown(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    for lines in (["old trouble"], ["one", "two"], []):
        with log.open("ab") as output:
            begin(output, "x")
            output.write("".join(f"{line}\n" for line in lines).encode())
        assert since_begin(log) == (" | ".join(lines) or "it has printed nothing")
    assert since_begin(tmp_path / "nowhere.log") == "it has printed nothing"
