"""A real SMTP server (aiosmtpd) for tests. Says its port on the first line of its output, and writes
every mail it takes, as Python's own parser reads it, into the folder as 1.json, 2.json, ...

The recipient decides what happens: later@ 450, gone@ 550, lost@ the connection breaks after the mail
was taken; the sender full@ is answered 552 at the end of the mail, busy@ 452."""
import argparse
import asyncio
import base64
import email
import email.policy
import itertools
import json
import pathlib
import ssl

from aiosmtpd.smtp import SMTP, AuthResult

parser = argparse.ArgumentParser()
parser.add_argument("folder")
parser.add_argument("--certificate")
parser.add_argument("--key")
parser.add_argument("--implicit", action="store_true")
parser.add_argument("--user")
parser.add_argument("--password")
options = parser.parse_args()
numbers = itertools.count(1)


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        if address.startswith("later@"):
            return "450 4.2.0 greylisted, come back"
        if address.startswith("gone@"):
            return "550 5.1.1 no such user here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if envelope.mail_from.startswith("full@"):
            return "552 5.2.2 mailbox full"
        if envelope.mail_from.startswith("busy@"):
            return "452 4.3.1 no room just now"
        self.save(session, envelope)
        if any(address.startswith("lost@") for address in envelope.rcpt_tos):
            server.transport.abort()
        return "250 OK"

    def save(self, session, envelope):
        raw = envelope.original_content
        mail = email.message_from_bytes(raw, policy=email.policy.default)
        plain = mail.get_body(("plain",))
        html = mail.get_body(("html",))
        saved = {
            "sender": envelope.mail_from,
            "recipients": envelope.rcpt_tos,
            "tls": session.ssl is not None,
            "authenticated": bool(session.authenticated),
            "headers": {name.lower(): str(value) for name, value in mail.items()},
            "names": sorted(name.lower() for name in mail.keys()),
            "date": mail["date"].datetime.isoformat() if mail["date"] else None,
            "text": plain.get_content().replace("\r\n", "\n") if plain else None,
            "html": html.get_content().replace("\r\n", "\n") if html else None,
            "defects": [str(defect) for part in mail.walk() for defect in part.defects],
            "longest_line": max(len(line) for line in raw.split(b"\r\n")),
            "ascii": all(byte < 128 for byte in raw),
            "bare_newlines": raw.replace(b"\r\n", b"").count(b"\n") + raw.replace(b"\r\n", b"").count(b"\r"),
        }
        path = pathlib.Path(options.folder) / f"{next(numbers)}.json"
        path.write_text(json.dumps(saved))


def authenticate(server, session, envelope, mechanism, data):
    login = data.login.decode()
    password = data.password.decode()
    if login == "later":
        return AuthResult(success=False, handled=False, message="454 4.7.0 not just now")
    if login == "echo":
        sent = base64.b64encode(b"\0" + data.login + b"\0" + data.password).decode()
        return AuthResult(
            success=False, handled=False, message=f"535 5.7.8 {login} {password} {sent}"
        )
    right = login == options.user and password == options.password
    return AuthResult(success=right, handled=False)


def make():
    settings = {"hostname": "mail.test", "enable_SMTPUTF8": False}
    if context is not None and not options.implicit:
        settings |= {"tls_context": context, "require_starttls": True}
    if options.user:
        settings |= {
            "authenticator": authenticate,
            "auth_required": True,
            "auth_require_tls": context is not None and not options.implicit,
        }
    return SMTP(Handler(), **settings)


async def serve():
    server = await asyncio.get_running_loop().create_server(
        make, "127.0.0.1", 0, ssl=context if options.implicit else None
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


context = None
if options.certificate:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(options.certificate, options.key)
asyncio.run(serve())
