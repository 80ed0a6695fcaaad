"""Says over HTTP how tea is made: GET /steep/NAME. And GET /health says how the service is.

It listens on a port that the system chooses, prints it, and ends when its standard input does.
"""

import http.server
import json
import os
import pathlib
import sys
import threading
import zipfile

import tea


class Answer(http.server.BaseHTTPRequestHandler):
    menu = {}
    kettle = 100
    release = ""

    def do_GET(self):
        if self.path == "/health":
            self.health()
        elif self.path.startswith("/steep/"):
            self.steep(self.path.removeprefix("/steep/"))
        else:
            self.say(404, {"error": "there is /steep/NAME, and /health"})

    def steep(self, name):
        if name not in self.menu:
            self.say(404, {"error": f"there is no {name}"})
            return
        self.say(200, {"tea": name, "text": tea.text(name, self.menu[name])})

    def health(self):
        """Looks at every tea of the menu: can it be made here?"""
        wrong = tea.wrong(self.menu, self.kettle)
        status = "failing" if wrong else "ok"
        answer = {"status": status, "release": self.release, "teas": len(self.menu), "wrong": wrong}
        self.say(500 if wrong else 200, answer)

    def say(self, status, answer):
        body = json.dumps(answer).encode() + b"\n"
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def read(name):
    """Reads a file that was packed with the program."""
    with zipfile.ZipFile(pathlib.Path(sys.argv[0])) as packed:
        return packed.read(name)


def main():
    Answer.menu = json.loads(read("menu.json"))
    Answer.kettle = int(os.environ.get("KETTLE", "100"))
    Answer.release = os.environ.get("RELEASE", "")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.read()


main()
