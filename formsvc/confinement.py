"""What a process that takes strangers' files apart gives up, as far as the kernel lets it.

- landlock (Linux 5.13): no file but those that Python and the forms are read from; none is written.
- seccomp (Linux 3.5; x86-64 and ARM64): no socket, no new program, no look into or signal to
  another process, no mount, namespace or module. What is denied gets EPERM.
- capabilities: all of them, where the service has any (it should have none).
- no_new_privs: nothing it could start would gain a right.

Where the kernel has none of these, or refuses, the limits of formsvc.sandbox still hold.
"""

import ctypes
import os
import platform
import struct
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

_LIBC: Final = ctypes.CDLL(None, use_errno=True)
_SET_NO_NEW_PRIVS, _SET_SECCOMP, _FILTER = 38, 22, 2
_CAPABILITIES_3: Final = 0x20080522
# The landlock calls have the same numbers everywhere.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION_FLAG, _PATH_BENEATH = 1, 1
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
# Rights known to each version of landlock: bits 0 to n - 1.
_RIGHTS: Final = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
# AUDIT_ARCH, then the numbers of what is denied: socket, socketpair, connect, bind, sendto,
# execve, execveat, ptrace, process_vm_readv, process_vm_writev, kill, tkill, pidfd_open,
# pidfd_send_signal, pidfd_getfd, mount, umount2, unshare, setns, chroot, keyctl, add_key, bpf,
# perf_event_open, init_module, finit_module, io_uring_setup, userfaultfd, setuid, setgid,
# setresuid, setresgid, setreuid, setregid, capset.
_ARCHITECTURES: Final[dict[str, tuple[int, tuple[int, ...]]]] = {
    "x86_64": (0xC000003E, (
        41, 53, 42, 49, 44, 59, 322, 101, 310, 311, 62, 200, 434, 424, 438, 165, 166, 272, 308,
        161, 250, 248, 321, 298, 175, 313, 425, 323, 105, 106, 117, 119, 113, 114, 126,
    )),
    "aarch64": (0xC00000B7, (
        198, 199, 203, 200, 206, 221, 281, 117, 270, 271, 129, 130, 434, 424, 438, 40, 39, 97, 268,
        51, 219, 217, 280, 241, 105, 273, 425, 282, 146, 144, 147, 149, 145, 143, 91,
    )),
}  # fmt: skip
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _DENY = 0x7FFF0000, 0x00050001  # the latter with EPERM
_X32: Final = 0x40000000  # x86-64 knows each call by a second number from here on
# With what Python's own modules look up beside themselves.
_SYSTEM: Final = (
    "/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/share", "/etc/ld.so.cache", "/etc/localtime",
    "/etc/mime.types",
)  # fmt: skip
_OWN: Final = ("FORMSVC_SCHEMAS", "FORMSVC_TEMPLATES", "FORMSVC_FONTS")


def confine() -> frozenset[str]:
    """Give up what can be given up; which of files, capabilities, calls this was."""
    if not sys.platform.startswith("linux"):
        return frozenset()
    _LIBC.prctl(_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    given_up = {
        "files": _keep_files(_needed()),
        "capabilities": _drop_capabilities(),
        "calls": _deny_calls(),
    }
    return frozenset(name for name, done in given_up.items() if done)


def _needed() -> set[str]:
    """Folders that are read from even now: modules that are imported late, forms, fonts."""
    own = [part for name in _OWN for part in os.environ.get(name, "").split(os.pathsep)]
    here = Path(__file__).parent
    forms = [str(here.parent / name) for name in ("schemas", "templates")]
    places = (*sys.path, sys.prefix, sys.base_prefix, str(here), *forms, *own, *_SYSTEM)
    return {place for place in places if place and os.path.exists(place)}


def _keep_files(places: Iterable[str]) -> bool:
    version = _LIBC.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION_FLAG)
    if version < 1:
        return False
    rights = (1 << _RIGHTS.get(version, max(_RIGHTS.values()))) - 1
    attributes = struct.pack("=Q", rights)
    rules = _LIBC.syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0)
    if rules < 0:
        return False
    for place in places:
        descriptor = os.open(place, os.O_PATH | os.O_CLOEXEC)
        allowed = _READ_FILE | (_READ_DIR if os.path.isdir(place) else 0)
        beneath = struct.pack("=Qi", allowed, descriptor)
        _LIBC.syscall(_ADD_RULE, rules, _PATH_BENEATH, beneath, 0)
        os.close(descriptor)
    done = bool(_LIBC.syscall(_RESTRICT_SELF, rules, 0) == 0)
    os.close(rules)
    return done


def _drop_capabilities() -> bool:
    header = struct.pack("=Ii", _CAPABILITIES_3, 0)
    return bool(_LIBC.capset(header, bytes(24)) == 0)


def _deny_calls() -> bool:
    if platform.machine() not in _ARCHITECTURES or sys.maxsize < 1 << 32:
        return False
    architecture, numbers = _ARCHITECTURES[platform.machine()]
    # Jumps count the instructions that are left out; the last two allow, then deny.
    left = len(numbers)
    program = [
        (_LOAD, 0, 0, 4),  # the architecture
        (_EQUAL, 0, left + 3, architecture),
        (_LOAD, 0, 0, 0),  # the number of the call
        (_AT_LEAST, left + 1, 0, _X32),
        *((_EQUAL, left - place, 0, number) for place, number in enumerate(numbers)),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _DENY),
    ]
    code = b"".join(struct.pack("=HBBI", *line) for line in program)
    held = ctypes.create_string_buffer(code)
    description = struct.pack("@HP", len(program), ctypes.addressof(held))
    return bool(_LIBC.prctl(_SET_SECCOMP, _FILTER, description, 0, 0) == 0)
