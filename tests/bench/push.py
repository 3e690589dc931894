"""The part of `tests/bench/run` that pushes to a repository which `homeostat run` follows."""
import hashlib
import hmac
import json
import os
import re
import subprocess
import sys
import time
import urllib.request

import limits

SECRET = "bench-secret-of-32-characters-or-so"
PUSHES = 10


def git(folder, *words):
    identity = ["-c", "user.name=bench", "-c", "user.email=bench@example.org"]
    return subprocess.run(["git", "-C", folder, *identity, *words], check=True, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.strip()


def wait_for(log, words, count):
    """What the log says then."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with open(log) as text:
            said = text.read()
        if said.count(words) >= count:
            return said
        time.sleep(0.002)
    sys.exit(f"the service does not say `{words}`: {said}")


def deliver(port, commit, number):
    body = json.dumps({"ref": "refs/heads/main", "after": commit,
                       "repository": {"full_name": "ana/lab"}}).encode()
    signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/webhooks/bench", data=body, method="POST",
        headers={"Content-Type": "application/json", "X-Gitea-Event": "push",
                 "X-Gitea-Delivery": f"d{number}", "X-Gitea-Signature": signature})
    urllib.request.urlopen(request).read()


def run(binary, folder, scratch, environment):
    """`folder`: a repository that was trusted and applied."""
    origin, secret = os.path.join(scratch, "push.git"), os.path.join(scratch, "hook")
    subprocess.run(["git", "clone", "--quiet", "--bare", folder, origin], check=True)
    with open(os.open(secret, os.O_CREAT | os.O_WRONLY, 0o600), "w") as out:
        out.write(SECRET)
    machine, name = os.path.join(scratch, "push.yaml"), os.path.join(scratch, "push.log")
    with open(os.open(machine, os.O_CREAT | os.O_WRONLY, 0o600), "w") as out:
        out.write("service:\n  listen: 127.0.0.1:0\n  sites:\n    bench:\n"
                  f"      repo: {origin}\n      poll: 1h\n      interval: 1h\n"
                  f"      webhook: {{ forge: gitea, secret: {{ file: {secret} }} }}\n")
    with open(name, "w") as log:
        service = subprocess.Popen([binary, "run"], stdout=log, stderr=log,
                                   env={**environment, "HOMEOSTAT_MACHINE_FILE": machine})
    try:
        said = wait_for(name, "in sync: 60 resources", 1)
        port = re.search(r"listening on http://127\.0\.0\.1:(\d+)", said).group(1)
        worst = 0
        for number in range(PUSHES):
            with open(os.path.join(folder, "note.txt"), "w") as out:
                out.write(str(number))
            git(folder, "add", ".")
            git(folder, "commit", "--quiet", "-m", f"push {number}")
            commit = git(folder, "rev-parse", "HEAD")
            begin = time.monotonic()
            git(folder, "push", "--quiet", origin, "main")
            deliver(port, commit, number)
            wait_for(name, f"{commit[:7]} is in force", 1)
            worst = max(worst, time.monotonic() - begin)
        print(f"run, push to plan, the worst of {PUSHES}   {worst * 1000:8.0f} ms   "
              f"(limit 1 s){limits.mark('push to plan', worst <= 1)}")
    finally:
        service.terminate()
        service.wait()
