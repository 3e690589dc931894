"""The part of `tests/bench/run` that watches `homeostat run` while nothing happens."""
import os
import subprocess
import sys
import time

import limits

SECONDS = 120  # two polls of the repository, by default


def write_repository(folder, generate, environment, binary):
    subprocess.run([sys.executable, generate, folder, "60", "1"], check=True)
    head = os.path.join(folder, "homeostat.yaml")
    with open(head) as text:
        spec = text.read()
    with open(head, "w") as out:  # the service reads a commit, which has no live folder beside it
        out.write(spec.replace("path: live", f"path: {folder}.live"))
    git = ["git", "-C", folder, "-c", "user.name=bench", "-c", "user.email=bench@example.org"]
    for words in (["init", "--quiet", "--initial-branch=main"], ["add", "."],
                  ["commit", "--quiet", "-m", "the lab"]):
        subprocess.run([*git, *words], check=True)
    for words in (["trust", "--yes"], ["apply", "--yes"]):
        subprocess.run([binary, *words, folder], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, env=environment)


def seconds_of(pid):
    """Processor time of the service, and of its children that have ended."""
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return sum(int(ticks) for ticks in fields[11:15]) / os.sysconf("SC_CLK_TCK")


def memory_of(pid):
    """The most that it ever held, in MB."""
    with open(f"/proc/{pid}/status") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return float("inf")


def run(binary, scratch, environment, generate):
    folder = os.path.join(scratch, "idle")
    write_repository(folder, generate, environment, binary)
    name = folder + ".log"
    with open(name, "w") as log:
        service = subprocess.Popen([binary, "run", folder, "--site", "bench"], stdout=log,
                                   stderr=log, env=environment)
    try:
        for _ in range(300):
            with open(name) as log:
                said = log.read()
            if "in sync: 60 resources" in said:
                break
            if service.poll() is not None:
                sys.exit("the service has ended: " + said)
            time.sleep(0.1)
        else:
            sys.exit("the service is not in sync: " + said)
        begin, used = time.monotonic(), seconds_of(service.pid)
        time.sleep(SECONDS)
        share = (seconds_of(service.pid) - used) / (time.monotonic() - begin) * 100
        memory = memory_of(service.pid)
        mark = limits.mark("idle", share < 1 and memory <= 50)
        print(f"run, idle, 60 resources            {share:8.3f} % {memory:7.0f} MB   of a core, "
              f"over {SECONDS} s (limits 1 %, 50 MB){mark}")
    finally:
        service.terminate()
        service.wait()
