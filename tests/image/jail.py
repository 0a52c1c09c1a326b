"""Runs a command as a container would: a root that holds nothing but what is named, read-only, with no shell; another
user; no network but the loopback; then asks it over HTTP, ends it with SIGTERM, and prints as JSON what came of it.

    unshare --mount --net python tests/image/jail.py JAIL        (a Jail as JSON; as root)
"""

import ctypes
import fcntl
import os
import re
import socket
import struct
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import msgspec

MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 32, 4096, 16384, 1 << 18
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1


class Jail(msgspec.Struct):
    """`shown` are read-only and `writable` are not; both lie at their own paths, in a new root at the empty folder
    `root`. `ask` are paths of HTTP. `command` says on which port it listens."""

    root: str
    shown: list[str]
    writable: list[str]
    command: list[str]
    environment: dict[str, str]
    ask: list[str]
    uid: int = 12345
    gid: int = 0


def mount(source: str, target: str, flags: int, kind: str | None = None) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    of = None if kind is None else kind.encode()
    if libc.mount(source.encode(), target.encode(), of, flags, None):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), target)


def show(path: str, root: str, *, read_only: bool) -> None:
    place = root + path
    if Path(path).is_dir():
        os.makedirs(place, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(place), exist_ok=True)
        Path(place).touch()
    mount(path, place, MS_BIND | MS_REC)
    if read_only:
        mount(path, place, MS_BIND | MS_REMOUNT | MS_RDONLY)


def loopback_up() -> None:
    with socket.socket() as sock:
        request = struct.pack("16sh22x", b"lo", 0)
        (flags,) = struct.unpack("16xh22x", fcntl.ioctl(sock, SIOCGIFFLAGS, request))
        fcntl.ioctl(sock, SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", flags | IFF_UP))


def asked(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return answer.status, answer.read().decode()[:2000]
    except urllib.error.HTTPError as error:
        return error.code, ""


def main() -> None:
    jail = msgspec.json.decode(sys.argv[1], type=Jail)
    mount("none", "/", MS_REC | MS_PRIVATE)
    mount("tmpfs", jail.root, 0, "tmpfs")
    for path in jail.shown:
        show(path, jail.root, read_only=True)
    for path in jail.writable:
        show(path, jail.root, read_only=False)
    mount("tmpfs", jail.root, MS_REMOUNT | MS_RDONLY)
    loopback_up()

    def enter() -> None:
        os.chroot(jail.root)
        os.chdir("/")
        os.setgroups([])
        os.setgid(jail.gid)
        os.setuid(jail.uid)

    process = subprocess.Popen(
        jail.command,
        env=jail.environment,
        preexec_fn=enter,  # noqa: PLW1509 - there is no other thread
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        said, port = [], None
        for line in process.stderr:
            said.append(line)
            if found := re.search(r"on port (\d+)", line):
                port = found[1]
                break
        answers = {path: asked(f"http://127.0.0.1:{port}{path}") for path in (jail.ask if port else ())}
        status = Path(f"/proc/{process.pid}/status").read_text() if port else ""
    finally:
        process.terminate()
        begun = time.monotonic()
        _, rest = process.communicate(timeout=60)
    print(
        msgspec.json.encode(
            {
                "answers": answers,
                "ids": re.findall(r"^(?:Uid|Gid|Groups):[ \t]*(.*?)[ \t]*$", status, re.MULTILINE),
                "code": process.returncode,
                "stop_secs": time.monotonic() - begun,
                "said": "".join(said) + rest,
            }
        ).decode()
    )


if __name__ == "__main__":
    main()
