"""fastgpt-platformctl reads the settings as the unit's EnvironmentFile is read, and evaluates nothing.

Where systemd is installed, its own reader is asked as well, so that what is expected here is not an opinion."""

import ctypes
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]

FILE = r"""# A comment, with a quote ' and $HOME
; another = one
DATABASE_URL=postgresql://u:p@127.0.0.1:5432/db?sslmode=disable&application_name=x
  INDENTED  =  in the middle, not around
HOME_OF=$HOME and ${HOME}
COMMAND=`touch evaluated` $(touch evaluated)
SINGLE='a & b # $HOME "c" \ '
DOUBLE="a & b # $HOME 'c' \"d\" \\ \$ \x "
HASH=a#b #c; d
ESCAPED=a\ b\\c\$
CONTINUED=one \
two
QUOTED_LINES="one
two"
JOINED="a"'b'
EMPTY=
EMPTY_QUOTED=''
EQUALS=a=b==
QUOTE_WITHIN=it's "so"
UNICODE=平台
STARS=* ? [a-z] ~
export EXPORTED=never
1NAME=never
no assignment
TWICE=first
TWICE=second
DATA_DIR=/srv/elsewhere
WINDOWS=line""" + "\r\nLAST=without an end"

EXPECTED = {
    "DATABASE_URL": "postgresql://u:p@127.0.0.1:5432/db?sslmode=disable&application_name=x",
    "INDENTED": "in the middle, not around",
    "HOME_OF": "$HOME and ${HOME}",
    "COMMAND": "`touch evaluated` $(touch evaluated)",
    "SINGLE": 'a & b # $HOME "c" \\ ',
    "DOUBLE": "a & b # $HOME 'c' \"d\" \\ $ \\x ",
    "HASH": "a#b #c; d",
    "ESCAPED": "a b\\c$",
    "CONTINUED": "one two",
    "QUOTED_LINES": "one\ntwo",
    "JOINED": "ab",
    "EMPTY": "",
    "EMPTY_QUOTED": "",
    "EQUALS": "a=b==",
    "QUOTE_WITHIN": "it's \"so\"",
    "UNICODE": "平台",
    "STARS": "* ? [a-z] ~",
    "TWICE": "second",
    "DATA_DIR": "/srv/elsewhere",
    "WINDOWS": "line",
    "LAST": "without an end",
}

problems = []


def expect(what, found, wanted):
    for key in sorted(found.keys() | wanted.keys()):
        if found.get(key) != wanted.get(key):
            problems.append(f"{what}: {key} is {found.get(key)!r}, not {wanted.get(key)!r}")


def by_systemd(file):
    """As systemd reads it; None where there is none. Its library is its own, and may change with any version."""
    libraries = sorted(Path("/usr/lib").glob("**/systemd/libsystemd-shared-*.so"))
    try:
        read = ctypes.CDLL(str(libraries[-1])).load_env_file
    except (IndexError, OSError, AttributeError):
        return None
    entries = ctypes.POINTER(ctypes.c_char_p)()
    read.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
    if read(None, str(file).encode(), ctypes.byref(entries)) < 0:
        return None
    found = {}
    for entry in iter(entries):
        if entry is None:
            break
        key, value = entry.decode().split("=", 1)
        # It leaves what cannot be a name to those who start the process.
        if re.fullmatch(r"[A-Za-z_]\w*", key):
            found[key] = value
    return found


with tempfile.TemporaryDirectory() as folder:
    folder = Path(folder)
    (folder / "env").write_text(FILE, newline="")
    (folder / "5000.env").write_text("METRICS_ADDR=127.0.0.1:9464\n")
    (folder / "5001.env").write_text("METRICS_ADDR=127.0.0.1:9465\nTWICE=third\n")
    # Here, and with `env` for the program, which prints what it was given.
    script = (ROOT / "deploy/fastgpt-platformctl.sh").read_text()
    program = folder / "program"
    program.write_text("#!/bin/sh\nexec env -0\n")
    program.chmod(0o755)
    for there, here in (
        ("settings=/etc/fastgpt-platform", f"settings={folder}"),
        ("cd /var/lib/fastgpt-platform", f"cd {folder}"),
        ("/usr/bin/setpriv --reuid fastgpt-platform --regid fastgpt-platform --init-groups /usr/local/bin/fastgpt-platform", program),
    ):
        if there not in script:
            sys.exit(f"the script does not have: {there}")
        script = script.replace(there, str(here))
    (folder / "ctl").write_text(script)

    def given(*arguments, **environment):
        """What the program finds in its environment, but for what any shell adds."""
        outcome = subprocess.run(["bash", folder / "ctl", *arguments], env={"PATH": os.environ["PATH"], **environment}, capture_output=True, text=True)
        if outcome.returncode != 0:
            sys.exit(f"{arguments} ended with {outcome.returncode}: {outcome.stderr}")
        if "never" in outcome.stderr:
            problems.append(f"a value is shown: {outcome.stderr}")
        found = dict(entry.split("=", 1) for entry in outcome.stdout.split("\0") if entry)
        return {key: value for key, value in found.items() if key not in ("PATH", "PWD", "OLDPWD", "SHLVL", "_")}

    usual = {**EXPECTED, "BACKUP_DIR": "/var/backups/fastgpt-platform"}
    expect("backup", given("backup"), usual)
    expect("doctor", given("doctor"), {**usual, "PORT": "5000", "METRICS_ADDR": "127.0.0.1:9464"})
    other = {**usual, "PORT": "5001", "METRICS_ADDR": "127.0.0.1:9465", "TWICE": "third"}
    expect("doctor of 5001", given("doctor", PORT="5001"), other)
    expect("serve on 5001", given("serve", PORT="5001"), other)
    if (folder / "evaluated").exists():
        problems.append("something in the settings was executed")

    systemd = by_systemd(folder / "env")
    if systemd is None:
        print("systemd's own reader is not here: the file was read by its rules alone")
    else:
        expect("systemd", systemd, EXPECTED)

print(*problems, sep="\n")
print(f"{len(EXPECTED)} settings, {len(problems)} problem(s)")
sys.exit(bool(problems))
