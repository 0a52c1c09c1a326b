"""A real receiver of OTLP over HTTP on loopback."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse


class Receiver:
    """What came: `events` (name, time in ns, attributes), `resources`, and `requests` (path, headers, bytes). `status`
    is answered; while `holding` is set, nothing is."""

    def __init__(self):
        self.events, self.resources, self.requests = [], [], []
        self.status, self.let_go = 200, threading.Event()
        self.let_go.set()
        self.came = threading.Event()

    def take(self, path, headers, raw):
        self.came.set()
        self.let_go.wait(60)
        self.requests.append((path, headers, raw))
        if self.status != 200:
            return
        for of_resource in ExportLogsServiceRequest.FromString(raw).resource_logs:
            self.resources.append(plain(of_resource.resource.attributes))
            for scope in of_resource.scope_logs:
                self.events += [
                    (log.event_name, log.time_unix_nano, plain(log.attributes), log.body.WhichOneof("value"))
                    for log in scope.log_records
                ]


def plain(attributes):
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in attributes}


@contextmanager
def receiver():
    """Yields the base URL and the Receiver."""
    known = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            raw = self.rfile.read(int(self.headers["content-length"]))
            known.take(self.path, dict(self.headers), raw)
            body = ExportLogsServiceResponse().SerializeToString()
            self.send_response(known.status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", known
    finally:
        known.let_go.set()
        server.shutdown()
        serving.join()
        server.server_close()
