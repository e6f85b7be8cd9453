"""Owns how root hands a server to an ordinary user that exists already: which one, and what it can reach.

PostgreSQL refuses to run as root. No user is created and no directory of others changes its mode: what the
chosen user cannot reach is put where it can, in directories of our own.
"""

import os
import pwd
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from atelier_local.home import HomeError

_PREFERRED = "nobody"
_SHARED_DIRECTORIES = ("/var/tmp", tempfile.gettempdir(), "/tmp")  # noqa: S108 - guarded by owned_directory


@dataclass(frozen=True, slots=True)
class Identity:
    """A user and group that a child process becomes for good."""

    uid: int
    gid: int

    def become(self) -> None:
        """Drop to this user; call it in a child only.

        Raises:
            OSError: the user does not exist in this namespace.
        """
        os.setgroups([])
        os.setgid(self.gid)
        os.setuid(self.uid)

    def can(self, question: Callable[[], bool]) -> bool:
        """Answer a question about files as this user would see it (in a forked child)."""
        child = os.fork()
        if child == 0:
            code = 1
            try:
                self.become()
                code = 0 if question() else 1
            except OSError:
                code = 1
            finally:
                os._exit(code)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

    def reaches(self, path: Path) -> bool:
        """Whether this user can pass through `path` and everything above it."""
        return self.can(lambda: os.access(path, os.X_OK))


def server_identity(data: Path) -> Identity | None:
    """Whom PostgreSQL runs as: None for ourselves, or when root an ordinary user.

    Data that an ordinary user made stays theirs, for PostgreSQL insists on owning its data.

    Raises:
        HomeError: root, and there is no user it could become.
    """
    if os.geteuid() != 0:
        return None
    if owner := owner_of(data):
        return owner
    for identity in _candidates():
        if identity.can(lambda: True):
            return identity
    raise HomeError("PostgreSQL refuses to run as root and there is no other user; set DATABASE_URL")


def owner_of(data: Path) -> Identity | None:
    """The ordinary user to whom existing data belongs."""
    if not data.exists() or (found := data.stat()).st_uid == 0:
        return None
    return Identity(found.st_uid, found.st_gid)


def _candidates() -> Iterator[Identity]:
    ordinary = [user for user in pwd.getpwall() if user.pw_uid > 0]
    ordinary.sort(key=lambda user: (user.pw_name != _PREFERRED, user.pw_uid))
    return (Identity(user.pw_uid, user.pw_gid) for user in ordinary)


def shared_directory(identity: Identity) -> Path:
    """A directory for temporary files that `identity` can reach, preferably one that survives a reboot.

    Raises:
        HomeError: there is none.
    """
    for name in _SHARED_DIRECTORIES:
        path = Path(name)
        if path.is_dir() and os.access(path, os.W_OK | os.X_OK) and identity.reaches(path):
            return path
    raise HomeError("no temporary directory that PostgreSQL's user can reach; set DATABASE_URL")


def owned_directory(path: Path, *, mode: int) -> Path:
    """Make a directory of ours in a place where others may write too.

    Raises:
        HomeError: something of that name is there and is not a directory of ours.
    """
    try:
        path.mkdir(mode=0o700)
        path.chmod(mode)  # past the umask
    except FileExistsError:
        found = path.lstat()
        ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
        if not ours or found.st_mode & 0o022:
            raise HomeError(f"{path} exists and is not ours alone; remove it") from None
    return path


def copy_tree_once(sources: list[Path], target: Path) -> Path:
    """Copy directories into a new directory `target`, all or nothing; an existing one is taken as it is.

    Raises:
        HomeError: `target` is not ours.
    """
    if not target.exists():
        building = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
        try:
            for source in sources:
                shutil.copytree(source, building / source.name, symlinks=True, ignore=_without_bytecode)
            building.chmod(0o755)
            building.rename(target)
        except FileExistsError:  # another start was faster
            shutil.rmtree(building)
        except BaseException:
            shutil.rmtree(building, ignore_errors=True)
            if not target.exists():
                raise
    return owned_directory(target, mode=0o755)


def _without_bytecode(_directory: str, names: list[str]) -> list[str]:
    return [name for name in names if name == "__pycache__"]
