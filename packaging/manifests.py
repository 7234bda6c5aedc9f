"""Writes the manifests of package managers from one set of data: a version, and the checksums of its archives.

    manifests.py VERSION REPOSITORY-URL DIRECTORY-OF-ARCHIVES

Reads `divvy-TARGET.tar.gz.sha256` and `divvy-TARGET.zip.sha256`; writes into `manifests/` beside them. A target
whose archive is missing is left out, and a manager without any archive gets no manifest.
"""

import json
import pathlib
import sys

NAME = "divvy"
DESCRIPTION = "Resolves 409 Conflict of Genesys Cloud's Terraform provider: predicts, adopts, proves"
LICENSE = "MIT OR Apache-2.0"
# Rust's target -> the words of Homebrew, and of aqua and mise.
UNIX = {
    "x86_64-unknown-linux-musl": ("linux", "intel", "linux", "amd64"),
    "aarch64-unknown-linux-musl": ("linux", "arm", "linux", "arm64"),
    "x86_64-apple-darwin": ("macos", "intel", "darwin", "amd64"),
    "aarch64-apple-darwin": ("macos", "arm", "darwin", "arm64"),
}
WINDOWS = {"x86_64-pc-windows-gnu": "64bit"}
MISE = {"linux": "linux", "darwin": "macos", "amd64": "x64", "arm64": "arm64"}

version, repository, directory = sys.argv[1], sys.argv[2].rstrip("/"), pathlib.Path(sys.argv[3])
written = directory / "manifests"
written.mkdir(exist_ok=True)


def checksum(archive):
    path = directory / f"{archive}.sha256"
    return path.read_text().split()[0] if path.exists() else None


def url(archive):
    return f"{repository}/releases/download/v{version}/{archive}"


def write(name, text):
    path = written / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, newline="\n")
    print(path)


archives = {target: f"{NAME}-{target}.tar.gz" for target in UNIX} | {target: f"{NAME}-{target}.zip" for target in WINDOWS}
sums = {target: checksum(archive) for target, archive in archives.items()}

formula = [
    "class Divvy < Formula",
    f'  desc "{DESCRIPTION}"',
    f'  homepage "{repository}"',
    f'  version "{version}"',
    '  license any_of: ["MIT", "Apache-2.0"]',
]
for system in ("macos", "linux"):
    known = [target for target in UNIX if UNIX[target][0] == system and sums[target]]
    if known:
        formula += ["", f"  on_{system} do"]
        for target in known:
            formula += [
                f"    on_{UNIX[target][1]} do",
                f'      url "{url(archives[target])}"',
                f'      sha256 "{sums[target]}"',
                "    end",
            ]
        formula.append("  end")
formula += [
    "",
    "  def install",
    f'    bin.install "{NAME}"',
    f'    bash_completion.install "completions/{NAME}.bash" => "{NAME}"',
    f'    zsh_completion.install "completions/_{NAME}"',
    f'    fish_completion.install "completions/{NAME}.fish"',
    '    man1.install Dir["man/*.1"]',
    "  end",
    "",
    "  test do",
    f'    assert_match version.to_s, shell_output("#{{bin}}/{NAME} --version")',
    "  end",
    "end",
    "",
]
if any(sums[target] for target in UNIX):
    write("homebrew/divvy.rb", "\n".join(formula))

for target, bits in WINDOWS.items():
    if not sums[target]:
        continue
    archive = archives[target]
    scoop = {
        "version": version,
        "description": DESCRIPTION,
        "homepage": repository,
        "license": LICENSE.replace(" OR ", "|"),
        "architecture": {bits: {"url": url(archive), "hash": sums[target], "extract_dir": f"{NAME}-{target}"}},
        "bin": f"{NAME}.exe",
        "checkver": {"github": repository},
        "autoupdate": {"architecture": {bits: {"url": url(archive).replace(version, "$version")}}},
    }
    write("scoop/divvy.json", json.dumps(scoop, indent=4) + "\n")
    head = f"PackageIdentifier: Divvy.Divvy\nPackageVersion: {version}\n"
    write("winget/Divvy.Divvy.yaml", head + "DefaultLocale: en-US\nManifestType: version\nManifestVersion: 1.10.0\n")
    write(
        "winget/Divvy.Divvy.locale.en-US.yaml",
        head + "PackageLocale: en-US\nPublisher: divvy\nPackageName: divvy\n"
        f"License: {LICENSE}\nShortDescription: {json.dumps(DESCRIPTION)}\nPackageUrl: {repository}\n"
        "ManifestType: defaultLocale\nManifestVersion: 1.10.0\n",
    )
    write(
        "winget/Divvy.Divvy.installer.yaml",
        head + "InstallerType: zip\nNestedInstallerType: portable\nNestedInstallerFiles:\n"
        f"- RelativeFilePath: {NAME}-{target}\\{NAME}.exe\n  PortableCommandAlias: {NAME}\n"
        f"Installers:\n- Architecture: x64\n  InstallerUrl: {url(archive)}\n"
        f"  InstallerSha256: {sums[target].upper()}\nManifestType: installer\nManifestVersion: 1.10.0\n",
    )

# mise reads the archives as they are; this goes into somebody's mise.toml.
platforms = {f"{MISE[UNIX[target][2]]}-{MISE[UNIX[target][3]]}": target for target in UNIX}
platforms |= {"windows-x64": target for target in WINDOWS}
lines = ['[tools."http:divvy"]', f'version = "{version}"']
for platform, target in platforms.items():
    if sums[target]:
        lines += [
            "",
            f'[tools."http:divvy".platforms.{platform}]',
            f'url = "{url(archives[target])}"',
            f'checksum = "sha256:{sums[target]}"',
        ]
write("mise/mise.toml", "\n".join(lines) + "\n")

# aqua asks GitHub for the archives, so only their names are said.
owner, project = repository.split("/")[-2:]
write(
    "aqua/registry.yaml",
    f"packages:\n  - type: github_release\n    repo_owner: {owner}\n    repo_name: {project}\n"
    f"    description: {json.dumps(DESCRIPTION)}\n    asset: {NAME}-{{{{.Arch}}}}-{{{{.OS}}}}.{{{{.Format}}}}\n"
    "    format: tar.gz\n    files:\n"
    f"      - name: {NAME}\n        src: {NAME}-{{{{.Arch}}}}-{{{{.OS}}}}/{NAME}\n"
    "    replacements:\n      amd64: x86_64\n      arm64: aarch64\n      linux: unknown-linux-musl\n"
    "      darwin: apple-darwin\n      windows: pc-windows-gnu\n"
    "    overrides:\n      - goos: windows\n        format: zip\n"
    "    checksum:\n      type: github_release\n      asset: \"{{.Asset}}.sha256\"\n      algorithm: sha256\n",
)
