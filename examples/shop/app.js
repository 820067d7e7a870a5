"use strict";
/**
 * Stands for your program: it needs the 20 variables of `.env.example` and says whether they came. It shows how long each value is and
 * one hash over all of them, never a value. Exit code 0: all there; 1: some are missing, named on stderr.
 */
const { createHash } = require("node:crypto");
const { readFileSync } = require("node:fs");
const { join } = require("node:path");

const names = readFileSync(join(__dirname, ".env.example"), "utf8")
  .split("\n")
  .map((line) => /^([A-Z][A-Z0-9_]*)=/.exec(line)?.[1])
  .filter((name) => name !== undefined);

const missing = names.filter((name) => process.env[name] === undefined);
if (missing.length > 0) {
  console.error(`shop: ${missing.length} of ${names.length} variables are missing: ${missing.join(", ")}`);
  process.exit(1);
}

const values = names.map((name) => process.env[name]);
for (const [index, name] of names.entries()) {
  console.log(`${name.padEnd(24)}${String(Buffer.byteLength(values[index])).padStart(5)} bytes`);
}
// a NUL cannot be in a value: no two lists of values give the same bytes
const hash = createHash("sha256").update(values.join("\0")).digest("hex");
console.log(`shop: all ${names.length} variables have arrived, sha256 ${hash}`);
