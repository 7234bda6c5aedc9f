"""Plays with divvy.exe under wine: what scripts/test-windows has built, with what it has installed.

    play.py DIVVY.EXE DIRECTORY-OF-TERRAFORM.EXE

Every step says what it is, and the first that does not go as expected ends everything with 1. Nothing leaves
this machine: the org is `divvy.exe emulate` on 127.0.0.1.
"""

import json
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time

DIVVY = os.path.abspath(sys.argv[1])
TERRAFORM = os.path.join(os.path.abspath(sys.argv[2]), "terraform.exe")
# A blank and an umlaut in every path of this test.
ROOT = tempfile.mkdtemp(prefix="divvy büro ")
FILES = {
    "division": 'resource "genesyscloud_auth_division" "%s" {\n  name = "%s"\n}\n',
}
passed = 0


def windows(path):
    """Spells a path as Windows does."""
    return "Z:" + path.replace("/", "\\")


def environment(**more):
    kept = {name: os.environ[name] for name in os.environ if name.startswith("WINE")}
    kept |= {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    kept |= {"DIVVY_TERRAFORM": windows(TERRAFORM), "CHECKPOINT_DISABLE": "1", "LC_ALL": "C.UTF-8"}
    return kept | more


def run(arguments, directory=ROOT, program=DIVVY, given=None, **variables):
    ran = subprocess.run(
        ["wine", program, *arguments], cwd=directory, input=given, capture_output=True, timeout=300,
        env=environment(**variables))
    return ran.returncode, ran.stdout.decode(errors="replace"), ran.stderr.decode(errors="replace")


def step(what, is_right, said=""):
    global passed
    if not is_right:
        print(f"NOT SO: {what}\n{said}", flush=True)
        print(f"{passed} passed, 1 failed", flush=True)
        sys.exit(1)
    passed += 1
    print(f"ok: {what}", flush=True)


def expect(what, arguments, code, *texts, directory=ROOT, program=DIVVY, given=None, **variables):
    """Runs a program, and holds it to its exit code and to texts of its output."""
    ended, stdout, stderr = run(arguments, directory, program, given, **variables)
    said = stdout + stderr
    is_right = ended == code and all(text in said for text in texts)
    step(what, is_right, f"{arguments}\nended with {ended}, not {code}, or lacks one of {texts}:\n{said}")
    return stdout


class Emulator:
    """divvy.exe emulate, until the block ends."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen(
            ["wine", DIVVY, "emulate", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment())
        self.url = self.process.stdout.readline().decode().strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def in_terminal(arguments, until, directory=ROOT, **variables):
    """Runs divvy.exe in a pseudo-terminal, presses Ctrl-C once `until` was read, and waits for the end."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(directory)
        os.execvpe("wine", ["wine", DIVVY, *arguments], environment(**variables))
    said, pressed, ended = b"", False, None
    for _ in range(1200):
        ready, _, _ = select.select([terminal], [], [], 0.1)
        if ready:
            try:
                said += os.read(terminal, 65536)
            except OSError:
                pass
        if not pressed and until in said:
            # The handlers are there before the text; what the text announces takes a moment.
            time.sleep(1.5)
            os.write(terminal, b"\x03")
            pressed = True
        gone, status = os.waitpid(child, os.WNOHANG)
        if gone:
            ended = os.waitstatus_to_exitcode(status)
            break
    else:
        os.kill(child, 9)
        os.waitpid(child, 0)
    return ended, said.decode(errors="replace")


def write(path, text, encoding="utf-8"):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding=encoding, newline="") as file:
        file.write(text)


expect("--version", ["--version"], 0, "divvy 0.")
expect("the demo tells its whole story", ["demo"], 0, "That is all", "Adopted (3)", "No changes")

log = (
    "Error: Failed to create division Engineering error: API Error: 409 - A division with the name Engineering already "
    "exists. (correlation)\r\n\r\n  with genesyscloud_auth_division.engineering,\r\n  on main.tf line 19, in resource "
    '"genesyscloud_auth_division" "engineering":\r\n  19: resource "genesyscloud_auth_division" "engineering" {\r\n'
)
for name, encoding in [("crlf.log", "utf-8"), ("utf-16.log", "utf-16"), ("mark.log", "utf-8-sig")]:
    write(os.path.join(ROOT, name), log, encoding)
    expect(f"explain reads {name}", ["explain", "--offline", windows(os.path.join(ROOT, name))], 3,
           "genesyscloud_auth_division.engineering")
expect("explain reads a pipe", ["explain", "--offline", "-"], 3, "Engineering", given=log.encode("utf-16"))

org = {"org": {"name": "Büro"}, "divisions": [{"name": "Süd"}]}
write(os.path.join(ROOT, "org.json"), json.dumps(org), "utf-8-sig")
with Emulator("--seed", windows(os.path.join(ROOT, "org.json"))) as emulator:
    access = ["--api-url", emulator.url, "--client-id", "demo", "--client-secret", "demo"]
    expect("list", ["list", *access], 0, "Süd")
    made = expect("ensure creates what is missing", ["ensure", "Nord", *access], 0)
    again = expect("ensure finds it again", ["ensure", "Nord", *access], 0)
    step("with the same id", json.loads(made)["id"] == json.loads(again)["id"], made + again)
    write(os.path.join(ROOT, "liste.csv"), "name\r\nSüd\r\nÖst\r\n", "utf-16")
    expect("ensure reads a list as Excel writes it",
           ["ensure", "--from", windows(os.path.join(ROOT, "liste.csv")), "-o", "table", *access], 0, "Öst", "Süd")
    locks = os.path.join(os.environ["WINEPREFIX"], "drive_c", "users")
    found = [name for place, _, names in os.walk(locks) for name in names if re.match(r"ensure-.*\.lock$", name)]
    step("its lock lies in the user's local settings", found, "no lock file")

demo = os.path.join(ROOT, "Büro Süd")
expect("demo --directory takes a path with a blank and an umlaut", ["demo", "--directory", windows(demo)], 0, "That is all")
with open(os.path.join(demo, "provider.tf"), encoding="utf-8") as file:
    port = re.search(r'port\s*=\s*"(\d+)"', file.read())[1]
settings = {"TF_CLI_CONFIG_FILE": windows(os.path.join(demo, ".demo", "terraform.rc"))}
addresses = ["genesyscloud_auth_division.engineering", "genesyscloud_auth_division.sales", "genesyscloud_auth_division.claims"]
org = windows(os.path.join(demo, ".demo", "org.json"))


def forget():
    code, stdout, stderr = run(["state", "rm", *addresses], demo, TERRAFORM, **settings)
    step("Terraform forgets what it manages", code == 0, stdout + stderr)


PROOF = ["plan", "-no-color", "-detailed-exitcode"]
with Emulator("--listen", f"127.0.0.1:{port}", "--data", org):
    expect("check has nothing to say", ["check"], 0, directory=demo, **settings)
    forget()
    report = expect("check predicts", ["check", "-o", "json"], 2, directory=demo, **settings)
    step("four adoptions", len(json.loads(report)["findings"]) == 4, report)
    plan = windows(os.path.join(demo, "plan datei"))
    expect("run announces in a plan file", ["run", "--", windows(TERRAFORM), "plan", "-no-color", f"-out={plan}"], 0,
           directory=demo, **settings)
    expect("run applies that plan", ["run", "--", windows(TERRAFORM), "apply", "-no-color", plan], 0, directory=demo, **settings)
    expect("Terraform agrees", PROOF, 0, "No changes", directory=demo, program=TERRAFORM, **settings)
    forget()
    expect("fix adopts all", ["fix", "--yes", "--adopt-all"], 0, "Adopted (4)", directory=demo, **settings)
    expect("Terraform agrees", PROOF, 0, "No changes", directory=demo, program=TERRAFORM, **settings)
    forget()
    cache = os.path.join(ROOT, "plugin cache")
    os.makedirs(cache)
    shutil.rmtree(os.path.join(demo, ".terraform"))
    cached = settings | {"TF_PLUGIN_CACHE_DIR": windows(cache)}
    expect("init with a plugin cache", ["init", "-no-color"], 0, directory=demo, program=TERRAFORM, **cached)
    expect("run finds the provider there",
           ["run", "--on-conflict", "adopt", "--", windows(TERRAFORM), "apply", "-auto-approve", "-no-color"], 0,
           directory=demo, **cached)
    expect("Terraform agrees", PROOF, 0, "No changes", directory=demo, program=TERRAFORM, **cached)
    shutil.copy(os.path.join(demo, ".demo", "terraform.rc"), os.path.join(ROOT, "terraform.rc"))

ended, said = in_terminal(["emulate"], b"http://127.0.0.1:")
step("Ctrl-C ends emulate", ended == 0, f"{ended}\n{said}")

faults = [{"on": {"method": "POST", "name": "Later"}, "do": {"delay_reply": 5000}}]
write(os.path.join(ROOT, "faults.json"), json.dumps(faults))
with open(os.path.join(demo, "main.tf"), "a", encoding="utf-8") as file:
    file.write(FILES["division"] % ("later", "Later"))
with Emulator("--listen", f"127.0.0.1:{port}", "--data", org, "--faults", windows(os.path.join(ROOT, "faults.json"))):
    apply = ["run", "--", windows(TERRAFORM), "apply", "-auto-approve", "-no-color"]
    ended, said = in_terminal(apply, b"later: Creating...", demo, **settings)
    step("Ctrl-C in a create ends the apply in good order", ended == 1 and "Gracefully" in said, f"{ended}\n{said}")
    code, listed, stderr = run(["state", "list"], demo, TERRAFORM, **settings)
    step("and what was being created is in the state", "genesyscloud_auth_division.later" in listed, listed + stderr)

shutil.rmtree(ROOT)
print(f"{passed} passed, 0 failed")
