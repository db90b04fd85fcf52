#!/usr/bin/env python3
"""Snapshots side by side with PostgreSQL's own programs: the same database, the same jobs, the same compression.

Run it from the top of the repository after `make prepare` and a release build of relplan; it needs `zstd` as well:

    python3 benches/postgres/compare.py target/release/relplan --gigabytes 2 --rounds 3

`alone` is one `pg_dump | zstd` a job, each with its share of the tables, and `zstd -d | pg_restore` back. relplan's dump is
what it records of itself: counted, hashed, compressed, encrypted and stored. Each round measures all of them in turn."""
import argparse
import json
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

PROGRAMS = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))[-1]
TABLES = ["orders", "lines", "events", "notes"]
# A row takes about 200 bytes on the disk; a quarter of it is noise, as keys and hashes are.
TABLE = """CREATE TABLE {name} (id bigint, customer int, item text, note text, price numeric(12, 2), placed timestamptz);
INSERT INTO {name} SELECT i, i % 5003, 'item ' || i % 977 || ' of the shop', md5(i::text) || ' was ordered by customer ' || i % 5003,
  i / 3.0, timestamptz '2026-01-01' + i * interval '1 second' FROM generate_series(1, {rows}) i;
ALTER TABLE {name} ADD PRIMARY KEY (id);"""
RELEASE = """release "shop" {{
  version = "{version}"
}}

resource "postgres_snapshot" "before" {{
  host          = "127.0.0.1"
  port          = {port}
  user          = "relplan"
  database      = "shop"
  directory     = "snapshots"
  encrypt_to    = ["{key}"]
  identity_file = "backup.key"
  jobs          = {jobs}
  counts        = "{counts}"
  verify        = "{verify}"

  retain {{
    count = 1
  }}
}}
"""


def unprivileged():
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--"] if os.geteuid() == 0 else []


class Server:
    def __init__(self, folder):
        data = folder / "data"
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        run(unprivileged() + [PROGRAMS / "initdb", "-D", data, "-U", "relplan", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"])
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        settings = ["listen_addresses=127.0.0.1", f"port={self.port}", "unix_socket_directories=", "fsync=off",
                    "shared_buffers=512MB", "max_wal_size=8GB", "maintenance_work_mem=256MB"]
        options = [word for setting in settings for word in ("-c", setting)]
        self.process = subprocess.Popen(unprivileged() + [PROGRAMS / "postgres", "-D", data, *options], stderr=subprocess.DEVNULL)
        for _ in range(200):
            if subprocess.run(self.client("psql", "postgres", "-c", "SELECT 1"), capture_output=True).returncode == 0:
                return
            time.sleep(0.1)
        sys.exit("PostgreSQL did not start")

    def client(self, program, database, *arguments):
        return [PROGRAMS / program, "-h", "127.0.0.1", "-p", str(self.port), "-U", "relplan", "-d", database, *arguments]

    def sql(self, text, database="postgres"):
        return run(self.client("psql", database, "-v", "ON_ERROR_STOP=1", "-At", "-c", text)).stdout.decode().strip()

    def fill(self, gigabytes):
        self.sql("CREATE DATABASE shop")
        for name in TABLES:
            self.sql(TABLE.format(name=name, rows=int(gigabytes * 1.4e6)), "shop")
        self.sql("VACUUM ANALYZE", "shop")
        return int(self.sql("SELECT pg_database_size('shop')"))


def run(command, **more):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)
    if done.returncode != 0:
        sys.exit(f"{command}: {done.stdout.decode()}{done.stderr.decode()}")
    return done


def timed(work):
    os.sync()
    begun = time.monotonic()
    work()
    return time.monotonic() - begun


def shell(pipelines):
    """Runs pipelines side by side; each fails when any of its programs does."""
    running = [subprocess.Popen(["bash", "-o", "pipefail", "-c", text]) for text in pipelines]
    if any([one.wait() != 0 for one in running]):
        sys.exit(f"failed: {pipelines}")


def words(command):
    return " ".join(str(word) for word in command)


class Alone:
    """PostgreSQL's programs and zstd, each job with its share of the tables."""

    def __init__(self, server, folder, jobs):
        self.server, self.folder, self.jobs = server, folder, jobs
        folder.mkdir()

    def dump(self):
        pipelines = []
        for job in range(self.jobs):
            tables = [f"--table={name}" for name in TABLES[job::self.jobs]] if self.jobs > 1 else []
            dump = words(self.server.client("pg_dump", "shop", "-Fc", "--compress=0", *tables))
            file = self.folder / f"{job}.zst"
            pipelines.append(f"{dump} | zstd -q -f -3 -o {file} && sync {file}")
        shell(pipelines)

    def restore(self):
        self.server.sql("CREATE DATABASE alone TEMPLATE template0")
        restore = words(self.server.client("pg_restore", "alone", "--exit-on-error"))
        shell([f"zstd -q -dc {self.folder}/{job}.zst | {restore}" for job in range(self.jobs)])

    def forget(self):
        self.server.sql("DROP DATABASE alone")


class Relplan:
    """relplan, with the peak of its memory in kB."""

    def __init__(self, program, server, folder, jobs, counts, verify):
        self.program, self.server, self.folder = program, server, folder
        self.settings = {"jobs": jobs, "counts": counts, "verify": verify, "port": server.port}
        self.version, self.peak = 0, 0
        folder.mkdir()
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / "backup.key"])
        self.settings["key"] = (folder / "backup.key.pub").read_text().strip()

    def call(self, *arguments):
        process = subprocess.Popen([self.program, *arguments], cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        said = process.stdout.read().decode()
        _, status, usage = os.wait4(process.pid, 0)
        if status != 0:
            sys.exit(said)
        self.peak = max(self.peak, usage.ru_maxrss)
        return said

    def dump(self):
        """Takes a snapshot; gives how long the dump took, and how long its verification took, in seconds."""
        self.version += 1
        text = RELEASE.format(version=f"1.0.{self.version}", **self.settings)
        (self.folder / "shop.hcl").write_text(text)
        os.sync()
        self.call("apply", "-auto-approve", "shop.hcl")
        known = json.loads(self.call("snapshots", "-json"))["snapshots"]
        value = next(one["value"] for one in known if one["version"] == f"1.0.{self.version}")
        return value["took_ms"] / 1000, value["verified_ms"] / 1000

    def restore(self):
        url = f"postgres://relplan@127.0.0.1:{self.server.port}/restored"
        self.call("restore", "postgres_snapshot.before", "-confirm=restored", "-into", url)

    def forget(self):
        self.server.sql("DROP DATABASE restored")


def compare(arguments, server, folder, jobs):
    alone = Alone(server, folder / f"alone-{jobs}", jobs)
    kinds = {f"relplan, counts = {counts!r}, verify = {verify!r}": (counts, verify)
             for counts, verify in [("estimated", "checksum"), ("exact", "read"), ("exact", "restore")]}
    relplans = {name: Relplan(arguments.relplan, server, folder / f"relplan-{jobs}-{verify}", jobs, counts, verify)
                for name, (counts, verify) in kinds.items()}
    dumps, proofs, restores = {"alone": []}, {}, {"alone": [], "relplan": []}
    for _ in range(arguments.rounds):
        dumps["alone"].append(timed(alone.dump))
        for name, relplan in relplans.items():
            dump, proof = relplan.dump()
            dumps.setdefault(name, []).append(dump)
            proofs.setdefault(name, []).append(proof)
    both = [("alone", alone), ("relplan", next(iter(relplans.values())))]
    for number in range(arguments.rounds):
        # The one that comes second finds the server's files warm or its disk busy: in turn.
        for name, one in both[:: 1 - 2 * (number % 2)]:
            restores[name].append(timed(one.restore))
            one.forget()
    print(f"\njobs = {jobs}, median of {arguments.rounds}:")
    show("dump", dumps, proofs)
    show("restore", restores, {})
    print(f"  relplan's memory at its highest: {max(one.peak for one in relplans.values()) / 1024:.0f} MB")


def show(what, times, proofs):
    base = statistics.median(times["alone"])
    for name, taken in times.items():
        seconds = statistics.median(taken)
        proof = f", then proven in {statistics.median(proofs[name]):.1f} s" if name in proofs else ""
        print(f"  {what}, {name}: {seconds:.1f} s, {seconds / base:.2f} times alone{proof}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("relplan", type=pathlib.Path)
    parser.add_argument("--gigabytes", type=float, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 2])
    arguments = parser.parse_args()
    arguments.relplan = arguments.relplan.resolve()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        folder.chmod(0o711)
        (folder / "server").mkdir()
        server = Server(folder / "server")
        try:
            size = server.fill(arguments.gigabytes)
            print(f"a database of {size / 1e9:.2f} GB, {os.cpu_count()} cores")
            for jobs in arguments.jobs:
                compare(arguments, server, folder, jobs)
        finally:
            server.process.terminate()
            server.process.wait()


if __name__ == "__main__":
    main()
