"""An SMTP server for tests, on aiosmtpd. Prints "ready PORT", then one line of JSON for each mail that it has
taken, and "stalling" when it falls silent.

Its standard input says how to answer from then on, one order a line, each acknowledged by the line "set":
  rcpt ADDRESS 550       this answer to RCPT TO of that address
  data ADDRESS 451       this answer to the mail for that address
  data ADDRESS drop      hang up in the middle of a mail for that address
  data ADDRESS stall     say nothing to a mail for that address
  well                   as a healthy server again
"""
import argparse
import asyncio
import email
import email.policy
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult


class Handler:
    def __init__(self):
        self.orders = {}
        self.connections = 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        code = self.orders.get(("rcpt", address))
        if code:
            return f"{code} as ordered"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        order = self.orders.get(("data", envelope.rcpt_tos[0]))
        if order == "drop":
            server.transport.abort()
            return "421 never said"
        if order == "stall":
            print("stalling", flush=True)
            await asyncio.sleep(3600)
        if order:
            return f"{order} as ordered"
        message = email.message_from_bytes(envelope.original_content, policy=email.policy.default)
        parts = {part.get_content_type(): part.get_content() for part in message.walk() if not part.is_multipart()}
        print(json.dumps({
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "headers": [[name, str(value)] for name, value in message.items()],
            "text": parts.get("text/plain", ""),
            "html": parts.get("text/html", ""),
            "raw": envelope.original_content.decode("ascii"),
            "defects": [type(defect).__name__ for part in message.walk() for defect in part.defects],
            "tls": server.transport.get_extra_info("ssl_object") is not None,
            "peer": list(session.peer)[:2],
            "user": session.auth_data.login.decode() if session.auth_data is not None else None,
        }), flush=True)
        return "250 OK"


def order(handler):
    words = sys.stdin.readline().split()
    if not words:
        asyncio.get_event_loop().stop()
        return
    if words[0] == "well":
        handler.orders.clear()
    else:
        handler.orders[(words[0], words[1])] = words[2]
    print("set", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--security", choices=["none", "starttls", "tls"], default="none")
    parser.add_argument("--certificate")
    parser.add_argument("--key")
    parser.add_argument("--user")
    parser.add_argument("--password")
    parser.add_argument("--without", action="append", default=[])
    given = parser.parse_args()
    context = None
    if given.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(given.certificate, given.key)
    handler = Handler()

    def check(server, session, envelope, mechanism, data):
        good = data.login.decode() == given.user and data.password.decode() == given.password
        return AuthResult(success=good, handled=False, auth_data=data)

    def protocol():
        return SMTP(
            handler,
            enable_SMTPUTF8=False,
            require_starttls=given.security == "starttls",
            tls_context=context if given.security == "starttls" else None,
            authenticator=check if given.user else None,
            auth_required=bool(given.user),
            auth_require_tls=given.security == "starttls",
            auth_exclude_mechanism=given.without,
            timeout=600,
        )

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    server = loop.run_until_complete(
        loop.create_server(protocol, "127.0.0.1", given.port, ssl=context if given.security == "tls" else None))
    loop.add_reader(sys.stdin, order, handler)
    print("ready", server.sockets[0].getsockname()[1], flush=True)
    loop.run_forever()


main()
