#!/usr/bin/env python3
"""Writes a homelab of N resources (6.4 lines each) in F files below DIR: `generate.py DIR N F`."""
import os
import sys


def container(i):
    third, fourth = divmod(i, 250)
    return (f"  app{i}:\n    vmid: {100 + i}\n    template: debian-12\n    cores: 2\n"
            f"    memory: 2GiB\n    disk: 16GiB\n    ip: 10.{third // 250}.{third % 250}.{fourth + 1}\n"
            f"    tags: [homelab, tier{i % 3}]\n    start_on_boot: true\n")


def proxy_host(i):
    return (f"  web{i}:\n    domains: [web{i}.example.org]\n    forward_host: 10.0.0.{i % 250 + 1}\n"
            f"    forward_port: {3000 + i % 1000}\n    force_https: true\n    certificate: letsencrypt\n")


def monitor(i):
    return (f"  check{i}:\n    type: http\n    target: https://web{i}.example.org/health\n"
            f"    interval: 60s\n    retries: 2\n")


def record(i):
    return f"    host{i}: 10.1.{i // 250 % 250}.{i % 250 + 1}\n"


# section, share in percent, text of one resource
KINDS = [("containers", 45, container), ("proxy_hosts", 20, proxy_host), ("monitors", 20, monitor),
         ("dns", 15, record)]
HEAD = """homeostat: 1
site: bench
providers:
  all: { type: files, path: live }
networks:
  lab: { cidr: 10.0.0.0/8 }
zones:
  lab: { zone: lab.example.org, on: [all] }
"""


def main():
    folder, total, files = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "homeostat.yaml"), "w") as out:
        out.write(HEAD)
    share = total // files
    for number in range(files):
        with open(os.path.join(folder, f"part{number:02}.yaml"), "w") as out:
            for section, percent, text in KINDS:
                count = share * percent // 100
                out.write(f"{section}:\n" + ("  lab:\n" if section == "dns" else ""))
                out.writelines(text(i) for i in range(number * count, (number + 1) * count))


main()
