#!/usr/bin/env python3
"""A small platform that runs releases of a service: one process of it for each environment.

usage: platform.py NAME PORT [KETTLE]

    PUT  /releases/RELEASE/FILE      keeps a file of a release
    POST /activate {"release": …}    starts it, and stops the one before as soon as it answers
    GET  anything else               is answered by the release that is live

The first two ask for the header `authorization: Bearer TOKEN`, with what the environment variable
TOKEN says. PORT may be 0: then the system chooses. KETTLE is how hot the kettle gets there (100).
What was uploaded is kept in run/NAME. A platform that is started again starts what was live.
"""

import hmac
import http.client
import http.server
import json
import os
import pathlib
import re
import subprocess
import sys
import threading
import time

RELEASE = re.compile(r"[0-9a-f]{64}")
FILE = re.compile(r"[a-z0-9][a-z0-9._-]*")
PATIENCE = 10.0


class Trouble(Exception):
    """A release cannot be started."""


def ask(port, path):
    """What a service answers: status, type and body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.getheader("content-type", "text/plain"), answer.read()
    finally:
        connection.close()


class Service:
    """A process that runs a release."""

    def __init__(self, program, release, kettle):
        self.release = release
        self.process = subprocess.Popen(
            [sys.executable, "-I", str(program)],
            env={"RELEASE": release, "KETTLE": kettle},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            self.port = self.wait()
        except BaseException:
            self.stop()
            raise

    def wait(self):
        """Waits until it answers, whatever it says: how it is, others will judge."""
        late = threading.Timer(PATIENCE, self.process.kill)
        late.start()
        try:
            line = self.process.stdout.readline().strip()
        finally:
            late.cancel()
        if not line.isdigit():
            raise Trouble("it ended before it listened")
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                ask(int(line), "/health")
                return int(line)
            except OSError:
                time.sleep(0.02)
        raise Trouble("it does not answer")

    def stop(self):
        self.process.kill()
        self.process.wait()


class Platform:
    """The releases of one environment, and the one that is live."""

    def __init__(self, folder, kettle):
        self.folder = folder
        self.kettle = kettle
        self.live = None
        self.one_at_a_time = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)
        if self.pointer().is_file():
            self.activate(self.pointer().read_text())

    def pointer(self):
        return self.folder / "live"

    def keep(self, release, name, content):
        place = self.folder / release / name
        place.parent.mkdir(exist_ok=True)
        self.replace(place, content)

    def activate(self, release):
        with self.one_at_a_time:
            old = self.live
            if old and old.release == release and old.process.poll() is None:
                return
            programs = list((self.folder / release).glob("*.pyz"))
            if len(programs) != 1:
                raise Trouble(f"a release is one program, and this has {len(programs)}")
            self.live = Service(programs[0], release, self.kettle)
            self.replace(self.pointer(), release.encode())
            if old:
                old.stop()

    @staticmethod
    def replace(place, content):
        """Writes a file so that nobody sees half of it."""
        part = place.with_name(f"{place.name}.part")
        part.write_bytes(content)
        part.replace(place)


class Answer(http.server.BaseHTTPRequestHandler):
    platform = None
    token = ""

    def do_PUT(self):
        content = self.body()
        words = self.path.split("/")[1:]
        if not self.is_allowed():
            return
        if len(words) != 3 or words[0] != "releases":
            self.say(404, "there is no such place")
        elif not RELEASE.fullmatch(words[1]) or not FILE.fullmatch(words[2]):
            self.say(400, "that is not a release, or not a plain name")
        else:
            self.platform.keep(words[1], words[2], content)
            self.say(201, "kept")

    def do_POST(self):
        content = self.body()
        if not self.is_allowed():
            return
        try:
            release = json.loads(content)["release"]
            if self.path != "/activate" or not RELEASE.fullmatch(release):
                raise ValueError
        except (ValueError, KeyError, TypeError):
            self.say(400, 'POST /activate takes {"release": "64 digits"}')
            return
        try:
            self.platform.activate(release)
            self.say(200, "live")
        except Trouble as trouble:
            self.say(503, f"the release cannot be started: {trouble}")

    def do_GET(self):
        live = self.platform.live
        try:
            if live is None:
                raise OSError
            self.send(*ask(live.port, self.path))
        except (OSError, http.client.HTTPException):
            self.say(503, "nothing is live")

    def body(self):
        return self.rfile.read(int(self.headers.get("content-length", "0")))

    def is_allowed(self):
        given = self.headers.get("authorization", "")
        if hmac.compare_digest(given.encode(), f"Bearer {self.token}".encode()):
            return True
        self.say(401, "the token is wrong")
        return False

    def say(self, status, text):
        self.send(status, "application/json", json.dumps({"says": text}).encode() + b"\n")

    def send(self, status, kind, content):
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


def main():
    if len(sys.argv) not in (3, 4) or not os.environ.get("TOKEN"):
        sys.exit(__doc__)
    name, port, kettle = (sys.argv + ["100"])[1:4]
    Answer.token = os.environ["TOKEN"]
    Answer.platform = Platform(pathlib.Path("run") / name, kettle)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Answer)
    print(f"{name} is at http://127.0.0.1:{server.server_port}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
