"""HTTP/2 with h2, an implementation nobody here wrote, so that a story can send what curl would not.

usage: streams.py CA PORT HOST MODE  (a JSON object of arguments is read from standard input)
Modes: requests (all at once on one connection), reset (opens and breaks off)
Prints one JSON line.
"""

import base64
import json
import socket
import ssl
import sys

import h2.config
import h2.connection
import h2.events
import h2.exceptions

PATIENCE = 30


class Connection:
    """A connection on which h2 looks at what comes, and not at what is sent."""

    def __init__(self, ca, port, host):
        context = ssl.create_default_context(cafile=ca)
        context.set_alpn_protocols(["h2"])
        tcp = socket.create_connection(("127.0.0.1", int(port)), timeout=PATIENCE)
        self.tls = context.wrap_socket(tcp, server_hostname=host)
        self.protocol = self.tls.selected_alpn_protocol()
        loose = h2.config.H2Configuration(
            validate_outbound_headers=False, normalize_outbound_headers=False
        )
        self.h2 = h2.connection.H2Connection(loose)
        self.h2.initiate_connection()
        self.flush()
        # Whoever has not heard how many streams it may open has those refused that are too many.
        told = False
        while not told:
            arrived = self.events()
            if arrived is None:
                break
            told = any(isinstance(event, h2.events.RemoteSettingsChanged) for event in arrived)

    def flush(self):
        self.tls.sendall(self.h2.data_to_send())

    def events(self):
        data = self.tls.recv(65536)
        if not data:
            return None
        try:
            events = self.h2.receive_data(data)
        except h2.exceptions.ProtocolError:
            # For h2 a connection is over with the first GOAWAY, also where a stream goes on.
            return []
        self.flush()
        return events


def fields(host, request):
    headers = [
        (":method", request.get("method", "GET")),
        (":scheme", "https"),
        (":authority", request.get("authority", host)),
        (":path", request["path"]),
    ]
    if "password" in request:
        pair = (request["user"] + ":" + request["password"]).encode()
        headers.append(("authorization", "Basic " + base64.b64encode(pair).decode()))
    return headers + [tuple(pair) for pair in request.get("headers", [])]


def ask(connection, host, requests):
    """Asks as much at once as it may, the rest as streams end; gives what each was answered."""
    answers, waiting = {}, set()
    unasked = list(enumerate(requests))

    def ask_more():
        while unasked and len(waiting) < connection.h2.remote_settings.max_concurrent_streams:
            number, request = unasked.pop(0)
            stream = connection.h2.get_next_available_stream_id()
            answers[stream] = {"number": number, "status": None, "headers": [], "body": ""}
            body = request.get("body", "").encode()
            connection.h2.send_headers(stream, fields(host, request), end_stream=not body)
            if body:
                connection.h2.send_data(stream, body, end_stream=True)
            waiting.add(stream)
        connection.flush()

    ask_more()
    while waiting:
        events = connection.events()
        if events is None:
            break
        for event in events:
            stream = getattr(event, "stream_id", None)
            answer = answers.get(stream, {})
            if isinstance(event, h2.events.ResponseReceived):
                headers = [(key.decode(), value.decode()) for key, value in event.headers]
                answer["status"] = int(dict(headers)[":status"])
                answer["headers"] = headers
            elif isinstance(event, h2.events.DataReceived):
                answer["body"] += event.data.decode("utf-8", "replace")
                connection.h2.acknowledge_received_data(event.flow_controlled_length, stream)
                connection.flush()
            elif isinstance(event, h2.events.StreamReset):
                answer["reset"] = int(event.error_code)
                waiting.discard(stream)
            elif isinstance(event, h2.events.StreamEnded):
                waiting.discard(stream)
            elif isinstance(event, h2.events.ConnectionTerminated):
                unasked.clear()
                if event.error_code:
                    waiting.clear()
        if unasked:
            ask_more()
    return sorted(answers.values(), key=lambda answer: answer["number"])


def is_answered(connection):
    """Whether the gate says that it has read everything up to here; false where it has had enough."""
    connection.h2.ping(b"untilnow")
    connection.flush()
    while True:
        events = connection.events()
        if events is None:
            return False
        for event in events:
            if isinstance(event, h2.events.ConnectionTerminated):
                return False
            if isinstance(event, h2.events.PingAckReceived):
                return True


def reset(connection, host, count, request, seen, stays):
    """Opens and breaks off, so many times or until the gate has had enough; `seen` are broken off when
    the gate has looked at them. Whoever does not stay waits until it is put out."""
    ended, sent = None, 0
    try:
        while sent < count:
            stream = connection.h2.get_next_available_stream_id()
            connection.h2.send_headers(stream, fields(host, request), end_stream=True)
            if seen and not is_answered(connection):
                return {"sent": sent, "ended": "goaway"}
            connection.h2.reset_stream(stream, error_code=8)
            sent += 1
            connection.flush()
        while ended is None and not stays:
            events = connection.events()
            if events is None:
                ended = "closed"
            elif any(isinstance(event, h2.events.ConnectionTerminated) for event in events):
                ended = "goaway"
    except h2.exceptions.ProtocolError:
        ended = "goaway"
    except TimeoutError:
        ended = None
    except OSError:
        ended = "closed"
    return {"sent": sent, "ended": ended}


def main():
    ca, port, host, mode = sys.argv[1:]
    arguments = json.load(sys.stdin)
    connection = Connection(ca, port, host)
    if mode == "requests":
        said = {"answers": ask(connection, host, arguments["requests"])}
    else:
        said = reset(
            connection,
            host,
            arguments["count"],
            arguments["request"],
            arguments["seen"],
            arguments.get("stays", False),
        )
    streams = connection.h2.remote_settings.max_concurrent_streams
    print(json.dumps({"protocol": connection.protocol, "streams": streams, **said}))


main()
