"""Owns where things live: the home directory of one local installation and the files in it."""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[4]


class HomeError(RuntimeError):
    """The home directory cannot be used; the message says what to do about it."""


@dataclass(frozen=True, slots=True)
class Home:
    """A directory with the data, secrets, ports and logs of one installation; several may run side by side."""

    path: Path

    @property
    def logs(self) -> Path:
        """One file per process."""
        return self.path / "logs"

    @property
    def run_file(self) -> Path:
        """What is running now."""
        return self.path / "run.json"

    @property
    def ports_file(self) -> Path:
        """The ports chosen for this home."""
        return self.path / "ports.json"

    @property
    def secrets_file(self) -> Path:
        """Passwords and signing keys made for this home."""
        return self.path / "secrets.json"

    @property
    def lock_file(self) -> Path:
        """Locked for as long as anything of this home may be running."""
        return self.path / "lock"

    @property
    def plan_file(self) -> Path:
        """What another process wants the supervisor to run."""
        return self.path / "plan.json"

    @property
    def postgres(self) -> Path:
        """PostgreSQL's data, unless its user cannot reach this directory (see `unprivileged`)."""
        return self.path / "postgres"

    @property
    def valkey(self) -> Path:
        """Valkey's append-only file and configuration."""
        return self.path / "valkey"

    @property
    def digest(self) -> str:
        """A short stable name of this path, for directories that must live elsewhere."""
        return hashlib.sha256(os.fsencode(self.path)).hexdigest()[:16]

    def log(self, name: str) -> Path:
        """The log of one process."""
        return self.logs / f"{name}.log"

    def create(self) -> None:
        """Make the directories.

        A directory made by root lets others pass through it but not look into it, for PostgreSQL's user must
        reach its own data below. An existing directory keeps the mode it has.

        Raises:
            HomeError: it belongs to somebody else or cannot be written.
        """
        try:
            if not self.path.exists():
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self.path.mkdir()
                self.path.chmod(0o711 if os.geteuid() == 0 else 0o700)
            self.logs.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise HomeError(f"{self.path} cannot be used ({error.strerror}); set ATELIER_HOME") from error
        if not os.access(self.path, os.W_OK | os.X_OK):
            raise HomeError(f"{self.path} belongs to another user; set ATELIER_HOME or run `make clean` as them")

    def delete(self) -> None:
        """Delete what is ours; a directory that holds anything else stays, with just that in it."""
        for directory in (self.logs, self.postgres, self.valkey, self.postgres.with_name("postgres.new")):
            if directory.exists():
                shutil.rmtree(directory)
        for file in (self.run_file, self.ports_file, self.secrets_file, self.plan_file, self.lock_file):
            file.unlink(missing_ok=True)
        if not any(self.path.iterdir()):
            self.path.rmdir()

    def try_lock(self) -> int | None:
        """The lock's file descriptor, or None while something of this home is running."""
        handle = os.open(self.lock_file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return None
        return handle

    def is_running(self) -> bool:
        """Whether a supervisor, or what guards its orphans, is alive."""
        if not self.lock_file.exists():
            return False
        handle = self.try_lock()
        if handle is None:
            return True
        os.close(handle)
        return False


def resolve_home(environ: Mapping[str, str]) -> Home:
    """The home named by `ATELIER_HOME`, else `.atelier` in the repository."""
    chosen = environ.get("ATELIER_HOME")
    return Home(Path(chosen).expanduser().resolve() if chosen else REPOSITORY / ".atelier")
