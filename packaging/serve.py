"""Serves a directory of archives on loopback as a release of a repository, to try those who download from one.

    serve.py DIRECTORY FILE-FOR-THE-PORT
"""

import functools
import http.server
import pathlib
import sys

directory, told = sys.argv[1:]


class Release(http.server.SimpleHTTPRequestHandler):
    def translate_path(self, path):
        return super().translate_path("/" + path.rsplit("/", 1)[-1])

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Release, directory=directory))
pathlib.Path(told).write_text(str(server.server_address[1]))
server.serve_forever()
