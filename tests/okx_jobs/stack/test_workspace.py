"""The workspace file is whole whenever the daemon looks."""

from pathlib import Path

from okx_jobs.stack import services
from resources.config.settings import Settings


def test_asking_for_it_again_does_not_touch_it(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    path = services.workspace(settings)
    before = path.stat().st_mtime_ns, path.stat().st_ino
    assert services.workspace(settings) == path
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == before


def test_a_changed_one_takes_its_place_at_once(tmp_path: Path) -> None:
    path = services.workspace(Settings(home=tmp_path))
    before = path.stat().st_ino
    services.workspace(Settings(home=tmp_path, code_server_port=4999))
    assert "4999" in path.read_text(encoding="utf-8")
    assert path.stat().st_ino != before
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
