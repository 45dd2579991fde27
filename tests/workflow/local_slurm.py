"""A Slurm of one node on this machine, without accounting, with two generic GPUs that are plain files.

Its daemons run as this user and are stopped with their folder's `Cluster`; nothing outside the folder is changed, but
packages are installed if they are missing and this user may do that.
"""

import os
import shutil
import socket
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol")
PACKAGES = ("munge", "slurmctld", "slurmd", "slurm-client")
CONFIGURATION = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmUser={user}
SlurmdUser={user}
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=5
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0
KillWait=10
MinJobAge=86400
ReturnToService=2
SlurmdParameters=config_overrides
GresTypes=gpu
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory=64000 Gres=gpu:{gpus} State=UNKNOWN
PartitionName=batch Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


def install() -> str:
    """Install Slurm from the distribution if it is missing; return why that was not possible, or nothing."""
    os.environ["PATH"] += f"{os.pathsep}/usr/sbin"
    if all(shutil.which(program) for program in PROGRAMS):
        return ""
    if not shutil.which("apt-get"):
        return "Slurm is not installed, and there is no apt-get"
    privileged = [] if os.geteuid() == 0 else ["sudo", "--non-interactive"]
    apt = [*privileged, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "--quiet"]
    for command in (["update"], ["install", "--yes", "--no-install-recommends", *PACKAGES]):
        try:
            result = subprocess.run([*apt, *command], capture_output=True, text=True, timeout=300)
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"Slurm is not installed, and apt-get failed: {error}"
    missing = [program for program in PROGRAMS if not shutil.which(program)]
    last = (result.stderr.strip().splitlines() or [""])[-1]
    return f"Slurm is not installed, and apt-get could not install it: {last}" if missing else ""


class Cluster:
    """The daemons, from entering the context to leaving it.

    Attributes:
        environment: variables for Slurm's commands.
    """

    def __init__(self, folder: Path, gpus: int = 2) -> None:
        """Write the configuration into a folder."""
        self.folder, self.gpus, self._stack = folder, gpus, ExitStack()
        for name in ("state", "spool", "bin"):
            (folder / name).mkdir()
        configuration = str(folder / "slurm.conf")
        self.environment = {"SLURM_CONF": configuration, "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"}
        srun = folder / "bin/srun"  # the executor plugin removes SLURM_CONF from the environment of a job's steps
        srun.write_text(f'#!/bin/sh\nSLURM_CONF={configuration} exec {shutil.which("srun")} "$@"\n')
        srun.chmod(0o755)
        (folder / "munge.key").write_bytes(os.urandom(128))
        (folder / "munge.key").chmod(0o600)
        devices = [folder / f"gpu{number}" for number in range(gpus)]
        for device in devices:
            device.symlink_to("/dev/null")  # Slurm wants a device, numbered by its name
        host = socket.gethostname().split(".")[0]
        (folder / "gres.conf").write_text("".join(f"Name=gpu File={device}\n" for device in devices))
        (folder / "slurm.conf").write_text(
            CONFIGURATION.format(
                host=host,
                user=subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip(),
                folder=folder,
                ports=free_ports(2),
                cpus=max(2, len(os.sched_getaffinity(0))),
                gpus=gpus,
            )
        )

    def __enter__(self) -> "Cluster":
        """Start the daemons and wait until the node is idle."""
        munge = [f"--{key}={self.folder / f'munge.{name}'}" for key, name in MUNGE_FILES.items()]
        self._start("munged", "--foreground", "--force", *munge)
        self._wait_for("a socket", lambda: (self.folder / "munge.socket").exists())
        self._start("slurmctld", "-D")
        self._start("slurmd", "-D")
        self._wait_for("an idle node", lambda: "idle" in self.output("sinfo", "--noheader", "--format=%T"))
        return self

    def __exit__(self, *error: object) -> None:
        """Stop the daemons and the jobs."""
        self.output("scancel", "--quiet", "--me")
        self._stack.close()

    def output(self, *command: str) -> str:
        """Return what one of Slurm's commands prints."""
        environment = os.environ | self.environment
        return subprocess.run(command, env=environment, capture_output=True, text=True).stdout.strip()

    def _start(self, *command: str) -> None:
        log = self._stack.enter_context((self.folder / f"{command[0]}.out").open("w"))
        process = subprocess.Popen(command, env=os.environ | self.environment, stdout=log, stderr=log)
        self._stack.callback(process.wait, 30)
        self._stack.callback(process.terminate)

    def _wait_for(self, what: str, is_there, seconds: float = 60.0) -> None:
        end = time.monotonic() + seconds
        while not is_there():
            if time.monotonic() > end:
                logs = "\n".join(file.read_text()[-1500:] for file in sorted(self.folder.glob("*.[lo][ou][gt]")))
                raise TimeoutError(f"no {what} after {seconds:.0f} s\n{logs}")
            time.sleep(0.2)


MUNGE_FILES = {"key-file": "key", "socket": "socket", "pid-file": "pid", "log-file": "log", "seed-file": "seed"}


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [server.getsockname()[1] for server in sockets]
