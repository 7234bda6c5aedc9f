#!/usr/bin/env node
// Starts the divvy of this package, with its streams, signals and exit code.
"use strict";
const { spawnSync } = require("node:child_process");
const path = require("node:path");

const name = process.platform === "win32" ? "divvy.exe" : "divvy";
const binary = path.join(__dirname, "programs", `${process.platform}-${process.arch}`, name);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  // The terminal tells divvy as well; it decides when it ends.
  process.on(signal, () => {});
}
const ended = spawnSync(binary, process.argv.slice(2), { stdio: "inherit" });
if (ended.error) {
  const missing = ended.error.code === "ENOENT";
  const text = missing ? `there is no divvy for ${process.platform} on ${process.arch} in this package` : ended.error.message;
  console.error(`error: ${text}`);
  process.exit(126);
}
process.exit(ended.status ?? 1);
