"""What deploy/check-health.sh sends when there is much to tell; the rest of it is tested in tests/check_health.rs."""

import http.server
import json
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "deploy/check-health.sh"
problems = []
told = []


def expect(holds, what):
    if not holds:
        problems.append(what)


class Robot(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        # While curl waits, its command line and the file with the body can be looked at.
        commands = [Path(f"/proc/{process}/cmdline") for process in os.listdir("/proc") if process.isdigit()]
        for command in commands:
            try:
                line = command.read_bytes()
            except OSError:
                continue
            if b"--data-binary" in line and str(folder).encode() in line:
                expect(b"token=secret" not in line and b"Database" not in line, "the command line tells")
        modes.update(oct(file.stat().st_mode & 0o777) for file in (folder / "tmp").iterdir())
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


with tempfile.TemporaryDirectory() as folder, http.server.ThreadingHTTPServer(("127.0.0.1", 0), Robot) as server:
    folder = Path(folder)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    (folder / "tmp").mkdir()
    program = folder / "program"
    program.write_text('#!/bin/sh\ncat "$(dirname "$0")/report"\nexit 1\n')
    program.chmod(0o755)

    # As long as no command line can be, in one line, in many, and in characters of one to four bytes at any place.
    reports = ["Storage\n  ✗ Database: " + "x" * pad + "平台😀é\\\"" * 40_000 + "\n    → start it\n" for pad in range(12)]
    reports.append("Storage\n" + "".join(f"  ✗ Database{number}: away\n    → start it\n" for number in range(5000)))
    for robot, most in (("hooks.slack.com", 4100), ("qyapi.weixin.qq.com", 2048)):
        for number, report in enumerate(reports):
            modes = set()
            (folder / "report").write_text(report)
            outcome = subprocess.run(
                [SCRIPT],
                env={
                    "PATH": os.environ["PATH"],
                    "FASTGPT_PLATFORM": str(program),
                    "STATE_FILE": str(folder / f"{robot}{number}"),
                    "TMPDIR": str(folder / "tmp"),
                    "WEBHOOK_URL": f"http://127.0.0.1:{server.server_port}/{robot}/x?token=secret",
                },
                capture_output=True,
                text=True,
            )
            what = f"{robot}, report {number}"
            expect(not outcome.stderr, f"{what}: {outcome.stderr}")
            expect(report.splitlines()[-1] in outcome.stdout, f"{what}: not all of it is printed")
            expect(len(told) == 1, f"{what}: told {len(told)} times")
            if told:
                message = told.pop()
                text = message["text"]["content"] if "msgtype" in message else message["text"]
                size = len(text.encode())
                expect("needs help:\n  ✗ Database" in text and text.endswith("\n…"), f"{what}: {text[:80]}…{text[-20:]}")
                expect(most - 200 < size <= most, f"{what}: {size} bytes were sent")
            expect(modes == {"0o600"}, f"{what}: the file has {modes}")
            expect(not any((folder / "tmp").iterdir()), f"{what}: the file stayed")
    server.shutdown()

print(*problems, sep="\n")
print(f"{2 * len(reports)} alarms, {len(problems)} problem(s)")
sys.exit(bool(problems))
