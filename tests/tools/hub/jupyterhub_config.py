"""JupyterHub for one class on one machine. notebooks/teaching_room.md says how it is used.

    sudo CLASS_PASSWORD=... jupyterhub -f tests/tools/hub/jupyterhub_config.py

Started by root, each student has an account of the machine, and cannot reach the others' files.
Started by anybody else, all share one account: for trying it out, by yourself.
"""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

from jupyterhub.spawner import LocalProcessSpawner, SimpleLocalProcessSpawner

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from classroom import FOLDER, account, limit  # noqa: E402

# ==== What a teacher may want to change: each from the environment, or here

ADDRESS = os.environ.get("CLASS_ADDRESS", "http://127.0.0.1:8000")  # http://0.0.0.0:8000 for all
HOMES = Path(os.environ.get("CLASS_HOMES", "/srv/lstm"))  # a folder for each student is made here
PASSWORD = os.environ.get("CLASS_PASSWORD")  # one for all; without it each student signs up
STUDENTS = int(os.environ.get("CLASS_STUDENTS", 30))  # whose servers may run at once
MEMORY = os.environ.get("CLASS_MEMORY", "1G")  # for each kernel
SECONDS = int(os.environ.get("CLASS_SECONDS", 3600))  # of processor time, for each kernel
THREADS = 300  # of one student, in all kernels together
IDLE_KERNEL, IDLE_SERVER = 20 * 60, 60 * 60  # seconds after which it is ended

# ==== Each student's server

SERIES = HERE.parents[2]
ROOT = os.geteuid() == 0
os.umask(0o077)  # the hub's files, and the students', are nobody else's


class ClassSpawner(LocalProcessSpawner if ROOT else SimpleLocalProcessSpawner):
    """A server as the student's account, within the limits."""

    def make_preexec_fn(self, name):
        become_student = super().make_preexec_fn(name)

        def begin():
            limit(self.mem_limit, SECONDS, THREADS if ROOT else None)
            become_student()

        return begin


one_by_one = asyncio.Lock()  # useradd refuses while another one is at work


async def prepare(spawner) -> None:
    """An account and a copy of the series, unless they are there."""
    name, home = spawner.user.name, HOMES / spawner.user.name
    if ROOT:
        async with one_by_one:
            home = await asyncio.to_thread(account, name, HOMES)
    else:
        home.mkdir(parents=True, exist_ok=True)
    # As the student, so that a link in a student's home leads root nowhere
    who = {"user": name, "group": name, "extra_groups": []} if ROOT else {}
    copy = [sys.executable, str(HERE / "classroom.py"), str(SERIES), str(home)]
    await asyncio.to_thread(subprocess.run, copy, check=True, cwd="/", **who)


HOMES.mkdir(parents=True, exist_ok=True)
HOMES.chmod(0o711)
c = get_config()  # noqa: F821
c.JupyterHub.bind_url = ADDRESS
c.JupyterHub.spawner_class = ClassSpawner
c.JupyterHub.active_server_limit = STUDENTS
c.SimpleLocalProcessSpawner.home_dir_template = str(HOMES / "{username}")
c.Spawner.pre_spawn_hook = prepare
c.Spawner.notebook_dir = "~"  # so that a student can rename the copy, and get another
c.Spawner.default_url = f"/lab/tree/{FOLDER}/notebooks/00_one_page.ipynb"
c.Spawner.mem_limit = MEMORY
c.Spawner.start_timeout = c.Spawner.http_timeout = 120  # seconds: a whole class logs in at once
# The lessons' networks are small: with more threads each, students would only wait for each other.
c.Spawner.environment = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
c.Spawner.args = [
    f"--MappingKernelManager.cull_idle_timeout={IDLE_KERNEL}",
    "--MappingKernelManager.cull_interval=60",
    "--MappingKernelManager.cull_connected=True",  # a page left open keeps no kernel alive
]

# ==== Who may come in

c.Authenticator.username_pattern = r"[a-z][a-z0-9-]{1,30}"
c.Authenticator.allow_all = True
if PASSWORD:
    c.JupyterHub.authenticator_class = "shared-password"
    c.SharedPasswordAuthenticator.user_password = PASSWORD
else:  # each signs up with a password of their own, and `teacher` lets them in: /hub/authorize
    import nativeauthenticator

    c.JupyterHub.authenticator_class = "native"
    c.JupyterHub.template_paths = [str(Path(nativeauthenticator.__file__).parent / "templates")]
    c.NativeAuthenticator.minimum_password_length = 8
    c.Authenticator.admin_users = {"teacher"}

# ==== Servers that nobody uses

culler = [sys.executable, "-m", "jupyterhub_idle_culler", f"--timeout={IDLE_SERVER}"]
c.JupyterHub.services = [{"name": "culler", "command": culler}]
scopes = ["list:users", "read:users:activity", "read:servers", "delete:servers"]
c.JupyterHub.load_roles = [{"name": "culler", "scopes": scopes, "services": ["culler"]}]
