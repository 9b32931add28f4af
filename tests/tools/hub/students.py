"""Students at once on a running hub: what each takes, and how a slider answers meanwhile.

    CLASS_PASSWORD=... jupyterhub -f tests/tools/hub/jupyterhub_config.py      # in one terminal
    CLASS_PASSWORD=... python tests/tools/hub/students.py --students 10        # in another

Each student logs in, gets a server, runs all cells of a lesson, and trains in a playground, one
run after the other. Then each moves a slider of the lesson every two seconds: for a minute with
the playgrounds at rest, for a minute while they train, while one student runs wild (an endless
loop, then as much memory as there is), and afterwards. It speaks as a front end does, over HTTP
and websockets. It must run on the hub's machine, as root or as the hub's user, to see its memory.
"""

from __future__ import annotations

import argparse
import json
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import psutil
import requests
import websocket

PASSWORD = os.environ.get("CLASS_PASSWORD", "")
NOTEBOOKS = "lstm-series/notebooks"  # in a student's home
PATIENCE = 900  # seconds that a cell may take, with many at once
PLAYGROUND = """import asyncio, os, sys; sys.path[:0] = ["..", "."]
from playground import Playground
p = Playground(config="steps=2000 signal=two-sines")
async def without_end():
    while True:
        await asyncio.sleep(0.1)
        if training and not p.training:
            p.set(seed=(p.session.run.settings["seed"] + 1) % 10)
            p.mailbox.append(("Play", None))
training, task = False, asyncio.get_running_loop().create_task(without_end())
p"""
TRAIN, REST = "training = True", "training = False; p.mailbox.append(('Pause', None))"
SLIDER = """import json
from explorer import Explorer
one = Explorer.living()[0]
slider = next(iter(one.controls.values()))
name = "index" if hasattr(slider, "options") else "value"
at = getattr(slider, name)
other = at + (getattr(slider, "step", 1) or 1)
largest = len(slider.options) - 1 if name == "index" else slider.max
other = other if other <= largest else at - (getattr(slider, "step", 1) or 1)
print(json.dumps([slider.model_id, one.image.model_id, name, [at, other]]))"""
LOOP = "while True: pass"
MEMORY = """import numpy as np
held = []
while True:
    held.append(np.ones(4_000_000))"""


class Kernel:
    """One kernel of a student's server, through the hub's proxy."""

    def __init__(self, student: Student, path: str, kind: str) -> None:
        body = {"path": path, "name": path, "type": kind, "kernel": {"name": "python3"}}
        self.id = student.call("POST", "api/sessions", json=body)["kernel"]["id"]
        self.student, self.session = student, uuid.uuid4().hex
        where = student.server.replace("http", "ws", 1) + f"api/kernels/{self.id}/channels"
        header = [f"Authorization: token {student.token}"]
        self.socket = websocket.create_connection(where, header=header, timeout=PATIENCE)
        self.sending = threading.Lock()
        self.waiting: dict[str, tuple[threading.Event, list]] = {}
        self.raised: dict[str, str] = {}
        self.pictures: dict[str, threading.Event] = {}
        self.dead = threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                data = self.socket.recv()
            except (OSError, websocket.WebSocketException):
                self.dead.set()
                return
            if not data:
                continue
            text = data
            if isinstance(data, bytes):  # a picture: the message, and its buffers behind it
                first, second = (int.from_bytes(data[k : k + 4], "big") for k in (4, 8))
                text = data[first:second]
            self._hear(json.loads(text))

    def _hear(self, message: dict) -> None:
        content, kind = message["content"], message["msg_type"]
        done, said = self.waiting.get(message["parent_header"].get("msg_id", ""), (None, []))
        if kind == "stream":
            said.append(content["text"])
        elif kind == "error":
            self.raised[message["parent_header"]["msg_id"]] = (
                f"{content['ename']}: {content['evalue']}"
            )
        elif kind == "comm_msg" and content["comm_id"] in self.pictures:
            self.pictures[content["comm_id"]].set()
        elif kind == "status" and content["execution_state"] == "idle" and done:
            done.set()
        elif kind == "status" and content["execution_state"] in ("restarting", "dead"):
            self.dead.set()

    def send(self, kind: str, content: dict) -> str:
        message_id = uuid.uuid4().hex
        header = {"msg_id": message_id, "msg_type": kind, "session": self.session}
        header |= {"username": self.student.name, "version": "5.3", "date": ""}
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content}
        with self.sending:
            self.waiting[message_id] = (threading.Event(), [])
            self.socket.send(json.dumps(message | {"channel": "shell", "buffers": []}))
        return message_id

    def run(self, code: str) -> str:
        """What a cell prints. Raises RuntimeError if it raises, or does not end."""
        content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False}
        message_id = self.send("execute_request", content)
        done, said = self.waiting[message_id]
        start = time.monotonic()
        while not done.wait(1):
            if self.dead.is_set() or time.monotonic() - start > PATIENCE:
                raise RuntimeError(f"{self.student.name}: no answer to {code[:60]!r}")
        if message_id in self.raised:
            raise RuntimeError(f"{self.student.name}: {self.raised[message_id]}")
        return "".join(said)

    def begin(self, code: str) -> None:
        """A cell that will not end."""
        self.send("execute_request", {"code": code, "silent": False, "store_history": True})


class Student:
    """One who has logged in, with a server."""

    def __init__(self, hub: str, number: int) -> None:
        self.hub, self.name = hub, f"student{number}"
        self.server = f"{hub}/user/{self.name}/"
        self.lesson = self.playground = None
        self.token = self._log_in()

    def _log_in(self) -> str:
        browser = requests.Session()
        browser.get(f"{self.hub}/hub/login", timeout=60)
        form = {"username": self.name, "password": PASSWORD, "_xsrf": browser.cookies["_xsrf"]}
        browser.post(f"{self.hub}/hub/login?next=%2Fhub%2Fhome", data=form, timeout=60)
        xsrf = {"_xsrf": browser.cookies.get("_xsrf", path="/hub/")}
        where = f"{self.hub}/hub/api/users/{self.name}/tokens"
        made = browser.post(where, params=xsrf, json={"note": "students.py"}, timeout=60)
        made.raise_for_status()
        return made.json()["token"]

    def call(self, method: str, where: str, **more) -> dict:
        """The answer of the student's server, or of the hub for a path that begins with hub."""
        address = f"{self.hub}/{where}" if where.startswith("hub") else self.server + where
        header = {"Authorization": f"token {self.token}"}
        answer = requests.request(method, address, headers=header, timeout=PATIENCE, **more)
        answer.raise_for_status()
        return answer.json() if answer.content else {}

    def start_server(self) -> None:
        self.call("POST", f"hub/api/users/{self.name}/server")
        for _ in range(600):
            model = self.call("GET", f"hub/api/users/{self.name}")
            if any(server["ready"] for server in model["servers"].values()):
                return
            time.sleep(0.5)
        raise RuntimeError(f"{self.name}: the server did not start")

    def run_lesson(self, name: str) -> None:
        path = f"{NOTEBOOKS}/{name}.ipynb"
        cells = self.call("GET", f"api/contents/{path}")["content"]["cells"]
        sources = ["".join(c["source"]) for c in cells if c["cell_type"] == "code"]
        self.lesson = Kernel(self, path, "notebook")
        for source in sources:
            self.lesson.run(source)
        slider, picture, self.trait, self.values = json.loads(self.lesson.run(SLIDER))
        self.slider, self.picture = slider, picture

    def open_playground(self) -> None:
        self.playground = Kernel(self, f"{NOTEBOOKS}/trains.ipynb", "notebook")
        self.playground.run(PLAYGROUND)
        self.playground.run(REST)  # a playground begins with a run

    def move_slider(self) -> float:
        """Milliseconds from a slider's message to the new picture; NaN if none comes in 30 s."""
        came = self.lesson.pictures[self.picture] = threading.Event()
        self.values.reverse()
        data = {"method": "update", "state": {self.trait: self.values[0]}, "buffer_paths": []}
        start = time.perf_counter()
        self.lesson.send("comm_msg", {"comm_id": self.slider, "data": data})
        return 1000 * (time.perf_counter() - start) if came.wait(30) else float("nan")


# ==== What is measured


def processes(homes: str) -> Iterator[tuple[str, str, psutil.Process]]:
    """(student, what, process) of all that run in the students' folders."""
    for process in psutil.process_iter():
        try:
            words, folder = " ".join(process.cmdline()), process.cwd()
        except psutil.Error:
            continue
        inside = os.path.relpath(folder, homes).split("/")[0]
        if inside.startswith("student"):
            kinds = {"ipykernel": "kernel", "singleuser": "server"}
            yield inside, next((kinds[k] for k in kinds if k in words), "other"), process


def memory(homes: str) -> dict[str, list[float]]:
    """MB by kind of process, each page that processes share divided among them (PSS)."""
    found: dict[str, list[float]] = {}
    for _, what, process in processes(homes):
        try:
            found.setdefault(what, []).append(process.memory_full_info().pss / 2**20)
        except psutil.Error:
            continue
    return found


def all_at_once(students: list[Student], act: Callable[[Student], object]) -> float:
    start = time.perf_counter()
    with ThreadPoolExecutor(len(students)) as pool:
        list(pool.map(act, students))
    return time.perf_counter() - start


def measure(name: str, students: list[Student], seconds: float) -> None:
    """A row: how a slider answers those students, and how busy the machine is."""
    psutil.cpu_percent()
    times: list[float] = []

    def go_on(student: Student) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            times.append(student.move_slider())
            time.sleep(2)

    all_at_once(students, go_on)
    middle, late, worst = np.nanpercentile(times, [50, 95, 100])
    lost = int(np.isnan(times).sum())
    free = psutil.virtual_memory().available / 2**30
    print(
        f"| {name} | {len(times)} | {middle:.0f} | {late:.0f} | {worst:.0f} | {lost} "
        f"| {psutil.cpu_percent():.0f} % | {free:.1f} |",
        flush=True,
    )


def run_wild(student: Student, code: str) -> Kernel:
    kernel = Kernel(student, f"{NOTEBOOKS}/wild{uuid.uuid4().hex[:4]}.ipynb", "notebook")
    kernel.begin(code)
    return kernel


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--hub", default="http://127.0.0.1:8000")
    parser.add_argument("--homes", default=os.environ.get("CLASS_HOMES", "/srv/lstm"))
    parser.add_argument("--students", type=int, default=10)
    parser.add_argument("--lesson", default="01_data")
    parser.add_argument("--seconds", type=float, default=60, help="of each row of the table")
    parser.add_argument("--wait", action="store_true", help="for Enter while all train")
    options = parser.parse_args()
    empty = psutil.virtual_memory().available / 2**20
    students = [Student(options.hub, number + 1) for number in range(options.students)]
    took = all_at_once(students, Student.start_server)
    print(f"{len(students)} servers started in {took:.0f} s")
    took = all_at_once(students, lambda student: student.run_lesson(options.lesson))
    print(f"all cells of {options.lesson}, by all at once: {took:.0f} s")
    took = all_at_once(students, Student.open_playground)
    print(f"a playground each: {took:.0f} s")
    used = empty - psutil.virtual_memory().available / 2**20
    for what, sizes in memory(options.homes).items():
        middle, least, most = np.median(sizes), min(sizes), max(sizes)
        print(f"{what}: {len(sizes)}, {middle:.0f} MB each ({least:.0f} to {most:.0f})")
    print(f"in all {used:.0f} MB, {used / len(students):.0f} MB a student", flush=True)

    print("| what goes on | moves | median ms | 95 % | worst | lost | processor | GB free |")
    print("|---|---|---|---|---|---|---|---|")
    measure("all playgrounds at rest", students, options.seconds)
    for student in students:
        student.playground.run(TRAIN)
    measure("all train", students, options.seconds)
    if options.wait:
        input("All train. Enter to go on: ")
    *others, wild = students
    looping = run_wild(wild, LOOP)
    measure("one in an endless loop", others, options.seconds)
    filling = run_wild(wild, MEMORY)
    measure("and one filling its memory", others, options.seconds)
    filled = max(memory(options.homes)["kernel"])
    said = [*filling.raised.values()] or ("ended" if filling.dead.is_set() else "nothing yet")
    print(f"largest kernel: {filled:.0f} MB; what the filling cell said: {said}")
    for kernel in (looping, filling):
        wild.call("DELETE", f"api/kernels/{kernel.id}")
    measure("those kernels shut down", others, options.seconds)
    for student in students:
        student.call("DELETE", f"hub/api/users/{student.name}/server")


if __name__ == "__main__":
    main()
