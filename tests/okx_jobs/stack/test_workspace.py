"""The workspace file is whole whenever the daemon looks."""

from pathlib import Path

from okx_jobs.stack.programs import write_workspace


def test_asking_for_it_again_does_not_touch_it(tmp_path: Path) -> None:
    path = write_workspace(tmp_path, 4266)
    before = path.stat().st_mtime_ns, path.stat().st_ino
    assert write_workspace(tmp_path, 4266) == path
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == before


def test_a_changed_one_takes_its_place_at_once(tmp_path: Path) -> None:
    path = write_workspace(tmp_path, 4266)
    before = path.stat().st_ino
    write_workspace(tmp_path, 4999)
    assert "4999" in path.read_text(encoding="utf-8")
    assert path.stat().st_ino != before
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
