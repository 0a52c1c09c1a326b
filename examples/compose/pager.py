"""Whoever is on call, for a demonstration: prints what Alertmanager sends. `docker compose logs -f pager` shows it."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Pager(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        for alert in json.loads(self.rfile.read(int(self.headers["Content-Length"])))["alerts"]:
            labels, words = alert["labels"], alert["annotations"]
            about = labels.get("model", labels.get("instance", "-"))
            print(
                f"{alert['status'].upper()} {labels['severity']} {labels['alertname']} {about}: {words['summary']}",
                flush=True,
            )
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing of its own."""


if __name__ == "__main__":
    with ThreadingHTTPServer(("", 8080), Pager) as server:
        server.serve_forever()
