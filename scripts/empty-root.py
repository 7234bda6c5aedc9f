"""Runs a static divvy in a directory that holds nothing else: no libc, no /dev, no /proc, no roots of trust.

    empty-root.py DIVVY

The first step that does not go as expected ends everything with 1. Nothing leaves this machine: the org is
`divvy emulate`, also behind a TLS server whose certificate is made here.
"""

import http.server
import json
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request

ROOT = tempfile.mkdtemp(prefix="divvy-empty-")
OUTSIDE = tempfile.mkdtemp(prefix="divvy-certificate-")
CHROOT = shutil.which("chroot", path=os.defpath + ":/usr/sbin:/sbin")
CHANGES_ROOT = [CHROOT] if os.geteuid() == 0 else [shutil.which("unshare"), "--map-root-user", CHROOT]
LOG = (
    "Error: Failed to create division Engineering error: API Error: 409 - A division with the name Engineering already "
    "exists. (correlation)\n\n  with genesyscloud_auth_division.engineering,\n"
    '  on main.tf line 19, in resource "genesyscloud_auth_division" "engineering":\n'
    '  19: resource "genesyscloud_auth_division" "engineering" {\n'
)


def command(*arguments):
    return [*CHANGES_ROOT, ROOT, "/divvy", *arguments]


def expect(what, arguments, code, *texts, given=None):
    """Runs divvy in there, and holds it to its exit code and to texts of its output."""
    ran = subprocess.run(command(*arguments), input=given, capture_output=True, text=True, timeout=60, env={})
    said = ran.stdout + ran.stderr
    if ran.returncode != code or any(text not in said for text in texts) or "panicked" in said:
        print(f"NOT SO: {what}\n{arguments}\nended with {ran.returncode}, not {code}, or lacks one of {texts}:\n{said}")
        raise SystemExit(1)
    print(f"ok: {what}", flush=True)
    return ran.stdout


def behind_tls(url):
    """Serves what answers at `url` at an https address, and returns that and the certificate."""
    certificate, key = os.path.join(OUTSIDE, "certificate.pem"), os.path.join(OUTSIDE, "key.pem")
    # OpenSSL's own settings would make it a certificate that signs others, which no server may show.
    settings = os.path.join(OUTSIDE, "settings")
    with open(settings, "w", encoding="ascii") as file:
        file.write("[req]\ndistinguished_name=who\nx509_extensions=more\n[who]\n[more]\n"
                   "subjectAltName=IP:127.0.0.1\nbasicConstraints=critical,CA:FALSE\n")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=divvy", "-config", settings, "-keyout", key, "-out", certificate],
        check=True, capture_output=True)

    class Forwards(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)) or None
            asked = urllib.request.Request(url + self.path, body, dict(self.headers), method=self.command)
            try:
                answer = urllib.request.urlopen(asked)
            except urllib.error.HTTPError as refused:
                answer = refused
            text = answer.read()
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.headers.get("Content-Type", "application/json"))
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_POST = do_GET

        def log_message(self, *_):
            pass

    class Quiet(http.server.ThreadingHTTPServer):
        def handle_error(self, *_):
            pass  # a client that does not trust the certificate hangs up

    server = Quiet(("127.0.0.1", 0), Forwards)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"https://127.0.0.1:{server.server_port}", certificate


shutil.copy(sys.argv[1], os.path.join(ROOT, "divvy"))
emulator = None
try:
    expect("--version", ["--version"], 0, "divvy ")
    expect("explain", ["explain", "--offline", "-"], 3, "genesyscloud_auth_division.engineering", given=LOG)
    emulator = subprocess.Popen(command("emulate"), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env={})
    url = emulator.stdout.readline().strip()
    access = ["--client-id", "demo", "--client-secret", "demo", "--api-url"]
    made = expect("ensure creates", ["ensure", "Nord", *access, url], 0)
    again = expect("ensure finds", ["ensure", "Nord", *access, url], 0)
    if json.loads(made)["id"] != json.loads(again)["id"]:
        print(f"NOT SO: two ids\n{made}{again}")
        raise SystemExit(1)
    secure, certificate = behind_tls(url)
    expect("the built-in roots of trust do not know that certificate", ["list", *access, secure], 1, "certificate")
    shutil.copy(certificate, os.path.join(ROOT, "ca.pem"))
    expect("list over https with a root of its own", ["list", *access, secure, "--ca-file", "/ca.pem"], 0, "Nord")
finally:
    if emulator:
        emulator.kill()
        emulator.wait()
    shutil.rmtree(ROOT)
    shutil.rmtree(OUTSIDE)
