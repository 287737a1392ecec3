"""A Locust user that posts the rows of a data file, exactly --requests times in all.

`run --engine locust` starts it; by hand, with Locust's web page on port 8089:

    locust -f loadtest/traffic.py --data loadtest/data/weather.json --host http://localhost:8080/input

Counting follows loadtest/report.ts: every request is one status or one kind of error, and what was under
way at the end is "unanswered". Nothing is sent twice: geventhttpclient does not repeat a POST.
"""

import json
import socket
import sys
import time
from collections import Counter

import gevent
from geventhttpclient.response import HTTPConnectionClosed, HTTPParseError
from locust import FastHttpUser, events, task
from locust.exception import StopUser

RECONNECT_AFTER_SECONDS = 0.1  # as in loadtest/load.ts
PROGRESS_EVERY_SECONDS = 0.25


class Run:
    """The one run of this process; all users share it, and gevent switches only while they wait."""

    def __init__(self, options):
        self.bodies = [json.dumps(row, ensure_ascii=False).encode() for row in read_rows(options.data)]
        self.requests = options.requests
        self.rate = options.rate
        self.next = 0
        self.under_way = 0
        self.by_status = Counter()
        self.errors = Counter()
        self.latency_micros = []
        self.unreachable = False
        self.started_at = time.perf_counter()
        self.ended_at = None
        self.cpu_before = time.process_time()

    @property
    def settled(self):
        return self.by_status.total() + self.errors.total()

    def take(self):
        """The next body and when it is due, or nothing when all are taken."""
        if self.next >= self.requests:
            return None
        index = self.next
        self.next += 1
        due_at = self.started_at + index / self.rate if self.rate else None
        return self.bodies[index % len(self.bodies)], due_at

    def end(self):
        if self.ended_at is None:
            self.ended_at = time.perf_counter()

    def result(self):
        self.end()
        return {
            "byStatus": self.by_status,
            "errors": self.errors,
            "latencyMicros": self.latency_micros,
            "seconds": self.ended_at - self.started_at,
            "cpuSeconds": time.process_time() - self.cpu_before,
            "unreachable": self.unreachable,
        }


run = None


def read_rows(path):
    """A JSON array, one object per line, or one object; `run` has checked it before."""
    with open(path, encoding="utf-8-sig") as file:
        text = file.read()
    try:
        rows = json.loads(text)
    except json.JSONDecodeError:
        rows = [json.loads(line) for line in text.splitlines() if line.strip()]
    return rows if isinstance(rows, list) else [rows]


def kind_of(error):
    """The words of loadtest/client.ts for what went wrong."""
    if isinstance(error, HTTPConnectionClosed) and isinstance(error.__context__, ConnectionResetError):
        return "reset"  # geventhttpclient raises the one out of the other
    kinds = [
        (ConnectionRefusedError, "connection refused"),
        ((ConnectionResetError, BrokenPipeError), "reset"),
        (HTTPConnectionClosed, "closed"),
        (HTTPParseError, "bad answer"),
        (socket.gaierror, "host not found"),
        ((TimeoutError, gevent.Timeout), "timeout"),
    ]
    return next((kind for types, kind in kinds if isinstance(error, types)), type(error).__name__)


@events.init_command_line_parser.add_listener
def add_arguments(parser):
    parser.add_argument("--data", required=True, help="rows: JSON array, NDJSON or one object")
    parser.add_argument("--requests", type=int, default=10_000, help="requests to send, over all users")
    parser.add_argument("--rate", type=float, default=0, help="requests per second, over all users")
    parser.add_argument("--time-limit", type=float, default=180, help="seconds, then the run stops")
    parser.add_argument("--report", default="", help="write the result there as JSON; progress goes to stdout")


@events.test_start.add_listener
def start(environment, **_):
    global run
    run = Run(environment.parsed_options)
    gevent.spawn(watch, environment, run)


def watch(environment, watched):
    """Ends the run when every request has its outcome, at the time limit, or when nothing answers."""
    options = environment.parsed_options
    next_progress_at = 0.0
    while True:
        now = time.perf_counter()
        if options.report and now >= next_progress_at:
            next_progress_at = now + PROGRESS_EVERY_SECONDS
            accepted = watched.by_status[202]
            progress = {"sent": watched.settled, "accepted": accepted, "failed": watched.settled - accepted}
            try:
                print(json.dumps(progress), flush=True)
            except BrokenPipeError:  # `run` was killed: nobody wants the rest
                break
        late = now - watched.started_at > options.time_limit
        if watched.settled >= watched.requests or late or watched.unreachable:
            watched.end()
            break
        gevent.sleep(0.02)
    environment.runner.quit()


@events.test_stopping.add_listener
def stopping(**_):
    run.end()


@events.quitting.add_listener
def write_report(environment, **_):
    if not environment.parsed_options.report or run is None:
        return
    if not run.unreachable:  # else the others were still connecting
        run.errors["unanswered"] += run.under_way
    run.errors = +run.errors  # without zeros
    with open(environment.parsed_options.report, "w", encoding="utf-8") as file:
        json.dump(run.result(), file)


class Sender(FastHttpUser):
    insecure = False
    network_timeout = connection_timeout = 30.0  # answerTimeoutMs in loadtest/load.ts

    @task
    def post_next(self):
        taken = run.take()
        if taken is None:
            raise StopUser()
        body, due_at = taken
        if due_at is not None:
            gevent.sleep(max(0, due_at - time.perf_counter()))
        sent_at = due_at or time.perf_counter()
        run.under_way += 1
        headers = {"content-type": "application/json", "accept-encoding": "identity"}
        with self.client.post(
            "", data=body, headers=headers, allow_redirects=False, name="input", catch_response=True
        ) as response:
            if run.ended_at is not None:
                return
            run.under_way -= 1
            if response.status_code == 0:
                kind = kind_of(response.error)
                run.errors[kind] += 1
                response.failure(kind)
            else:
                run.by_status[response.status_code] += 1
                if response.status_code == 202:
                    run.latency_micros.append(round((time.perf_counter() - sent_at) * 1e6))
                    response.success()
                else:
                    response.failure(str(response.status_code))
        if response.status_code == 0 and isinstance(response.error, ConnectionRefusedError | socket.gaierror):
            if not run.by_status:
                run.unreachable = True
            gevent.sleep(RECONNECT_AFTER_SECONDS)


if __name__ == "__main__":
    sys.exit(__doc__)
