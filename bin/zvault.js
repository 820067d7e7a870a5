#!/usr/bin/env node
// zvault from npm or source. This file must parse on every Node since 18: it says what is missing where a newer one is needed.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 26 || (major === 26 && minor < 10)) {
  process.stderr.write(
    `zvault: error: this is Node ${process.versions.node}; zvault from npm needs Node 26.10 or newer\n` +
      "zvault: hint: install a newer Node, or take the single executable, which needs none\n",
  );
  process.exit(process.argv[2] === "run" ? 125 : 71);
}

const built = new URL("../dist/npm/main.js", import.meta.url);
const main = existsSync(built) ? built : new URL("../src/main.ts", import.meta.url);
// these two cannot be set from inside; without the first, a signal of any program of this user opens the inspector
const flags = ["--disable-sigusr1", "--no-warnings"];
if (flags.every((flag) => process.execArgv.includes(flag))) await import(main.href);
else process.execve(process.execPath, [process.execPath, ...flags, fileURLToPath(main), ...process.argv.slice(2)], process.env);
