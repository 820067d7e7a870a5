/** `runOnTerminal` alone: `node pty-driver.ts SECRETS.json CMD …`; SECRETS.json: {NAME: value}. Started on a terminal by the tests. */
import { readFileSync } from "node:fs";
import { shield } from "../../src/run/exec.ts";
import { endAs } from "../../src/run/exit.ts";
import { maskSet } from "../../src/run/mask/borders.ts";
import { findProgram } from "../../src/run/program.ts";
import { runOnTerminal } from "../../src/run/on-terminal.ts";
import { isTerminal } from "../../src/sys/tty.ts";

const secrets = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")) as Record<string, string>;
const command = process.argv.slice(3);
const environment = new Map<string, string>();
for (const [name, value] of Object.entries({ ...process.env, ...secrets })) if (value !== undefined) environment.set(name, value);
const guard = shield();
const set = maskSet(Object.entries(secrets).map(([name, value]) => ({ name, bytes: new TextEncoder().encode(value) })));
const program = findProgram(command[0] ?? "", process.env["PATH"], process.cwd());
const at = { stdout: isTerminal(1), stderr: isTerminal(2) };
const outcome = await runOnTerminal({ program, command, environment }, set, at, guard);
endAs(outcome.ending);
