"""Serves a directory of archives on loopback as a release of a repository, to try those who download from one.

    serve.py DIRECTORY FILE-FOR-THE-PORT [CERTIFICATE KEY]
"""

import functools
import http.server
import pathlib
import ssl
import sys

directory, told, *certificate = sys.argv[1:]


class Release(http.server.SimpleHTTPRequestHandler):
    def translate_path(self, path):
        return super().translate_path("/" + path.rsplit("/", 1)[-1])

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Release, directory=directory))
if certificate:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
pathlib.Path(told).write_text(str(server.server_address[1]))
server.serve_forever()
