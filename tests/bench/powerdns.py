"""The part of `tests/bench/run` that needs a real PowerDNS server (pdns-server, pdns-backend-sqlite3)."""
import json
import os
import re
import socket
import subprocess
import time
import urllib.error
import urllib.request

import limits

KEY = "bench"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A server of its own in `folder`, on loopback ports that were free a moment ago."""

    def __init__(self, folder):
        os.makedirs(folder)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        schema = "/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql"
        with open(schema) as text:
            subprocess.run(["sqlite3", f"{folder}/pdns.db"], stdin=text, check=True)
        with open(f"{folder}/pdns.conf", "w") as out:
            out.write(f"launch=gsqlite3\ngsqlite3-database={folder}/pdns.db\n"
                      "gsqlite3-pragma-synchronous=0\nlocal-address=127.0.0.1\n"
                      f"local-port={free_port()}\nsocket-dir={folder}\nwebserver=yes\n"
                      f"webserver-address=127.0.0.1\nwebserver-port={self.port}\n"
                      f"webserver-allow-from=127.0.0.0/8\napi=yes\napi-key={KEY}\ndaemon=no\n"
                      "guardian=no\nsetuid=\nsetgid=\nloglevel=3\n")
        with open(f"{folder}/log", "w") as log:
            self.process = subprocess.Popen(
                ["/usr/sbin/pdns_server", f"--config-dir={folder}"], stdout=log, stderr=log)
        for _ in range(100):
            try:
                self.call("GET", "")
                return
            except OSError:
                time.sleep(0.1)
        raise SystemExit(f"pdns_server does not answer, see {folder}/log")

    def call(self, method, path, body=None):
        request = urllib.request.Request(
            f"{self.url}/api/v1/servers/localhost{path}", method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"X-API-Key": KEY, "Content-Type": "application/json",
                     "Accept": "application/json"})
        with urllib.request.urlopen(request) as reply:
            return reply.read()

    def create_zone(self, name):
        self.call("POST", "/zones", {"name": name + ".", "kind": "Native", "nameservers": []})

    def zone_url(self, name):
        return f"{self.url}/api/v1/servers/localhost/zones/{name}."

    def stop(self):
        self.process.terminate()
        self.process.wait()


def write_spec(folder, server, zones, records, first=0):
    """`zones` zones of `records` A records, one line of YAML each."""
    os.makedirs(folder, exist_ok=True)
    with open(f"{folder}/homeostat.yaml", "w") as out:
        out.write("homeostat: 1\nsite: bench\nproviders:\n"
                  f"  dns: {{ type: powerdns, url: \"{server.url}\", key: \"${{secret.key}}\", "
                  "max_in_flight: 8 }\nsecrets:\n  key: { env: BENCH_KEY }\nzones:\n")
        for zone in range(zones):
            out.write(f"  z{zone}: {{ zone: z{zone}.example.org, on: [dns], ttl: 1h }}\n")
    with open(f"{folder}/dns.yaml", "w") as out:
        out.write("dns:\n")
        for zone in range(zones):
            out.write(f"  z{zone}:\n")
            for i in range(records):
                last = i % 250 + 1 + (1 if i < first else 0)
                out.write(f"    host{i}: 10.1.{i // 250 % 250}.{last}\n")


def curl(urls, parallel):
    command = ["curl", "-s", "-H", f"X-API-Key: {KEY}", "-H", "Accept: application/json"]
    if parallel > 1:
        command += ["--no-progress-meter", "--parallel", "--parallel-max", str(parallel)]
    for url in urls:
        command += ["-o", "/dev/null", url]
    begin = time.monotonic()
    subprocess.run(command, check=True)
    return time.monotonic() - begin


def beside(measure, work, turns=10):
    """Best of both, taken in turns: what else the machine does meanwhile, it does to both."""
    best, floor, memory = float("inf"), float("inf"), 0
    for _ in range(turns):
        floor = min(floor, work())
        seconds, used = measure()
        best, memory = min(best, seconds), max(memory, used)
    return best, memory, floor


def writes_in(log):
    """Calls that write, as `-vv` logs them."""
    return len(re.findall(r"\b(?:PATCH|POST|PUT|DELETE)\b", log))


def run(binary, scratch, environment, measure, floor_of):
    environment["BENCH_KEY"] = KEY
    server = Server(f"{scratch}/pdns")
    try:
        for zones, records, limit in [(1, 10_000, 2), (100, 100, 3)]:
            folder = f"{scratch}/dns{zones}"
            for zone in range(zones):
                if zones > 1 or zone == 0:
                    try:
                        server.create_zone(f"z{zone}.example.org")
                    except urllib.error.HTTPError:  # made by the figure before: emptied
                        server.call("DELETE", f"/zones/z{zone}.example.org.")
                        server.create_zone(f"z{zone}.example.org")
            write_spec(folder, server, zones, records)
            base = [folder, "--ledger", f"{folder}.db"]
            trust(binary, base, environment)
            apply = [binary, "apply", *base, "--yes", "--uncommitted"]
            subprocess.run(apply, check=True, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL, env=environment)
            urls = [server.zone_url(f"z{zone}.example.org") for zone in range(zones)]
            parse = floor_of(folder) if zones == 1 else 0
            seconds, memory, wire = beside(
                lambda plan=(binary, "plan", *base): measure(plan, runs=1),
                lambda of=urls, parallel=8 if zones > 1 else 1: curl(of, parallel))
            name = f"plan, {zones} zone{'s' if zones > 1 else ''} of {records:,} RRsets"
            limits.row(name, seconds, memory, seconds / (wire + parse), limit,
                       f"curl {wire * 1000:.0f} ms, parse {parse * 1000:.0f} ms", most=100)
            if zones == 1:
                write_spec(folder, server, zones, records, first=1000)
                done = subprocess.run([*apply, "-vv"], check=True, stdout=subprocess.DEVNULL,
                                      stderr=subprocess.PIPE, env=environment, text=True)
                writes = writes_in(done.stderr)
                print(f"apply, 1,000 changed RRsets: {writes} write calls (limit 5)"
                      f"{limits.mark('write calls', writes <= 5)}")
            else:
                endless = sum(
                    subprocess.run([binary, "plan", *base], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, env=environment,
                                   check=False).returncode != 0
                    for _ in range(1000))
                print(f"1,000 plans in a row: {endless} of them with a difference (limit 0)"
                      f"{limits.mark('plans in a row', endless == 0)}")
    finally:
        server.stop()


def trust(binary, base, environment):
    """What the spec connects to is trusted on this machine, where this version asks for that."""
    known = subprocess.run([binary, "trust", "--help"], stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL, check=False)
    if known.returncode == 0:
        subprocess.run([binary, "trust", *base, "--yes"], check=True, stdout=subprocess.DEVNULL,
                       env=environment)
