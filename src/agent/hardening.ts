/**
 * What a process of ours does before a key reaches it, in this order: /proc/<pid>/mem that was opened before the prctl would stay
 * readable, so nothing secret may come earlier.
 */
import { readFileSync } from "node:fs";
import { Secret } from "../crypto/secret.ts";
import type { AgentStatus, HardeningFact } from "../calls/vault.ts";
import { ZvaultError } from "../errors.ts";
import { memoryFacts } from "../sys/memory.ts";
import { closeStrangers, coreLimit, forbidCores, isDumpable, setUndumpable, tracerPid } from "../sys/process.ts";

/** Throws `agent-start`: what could not be made safe. Memory that cannot be locked is no reason; `memory()` says so. */
export function harden(): void {
  forbidCores();
  setUndumpable();
  closeStrangers();
  const tracer = tracerPid();
  if (tracer !== 0) throw refuse(`process ${tracer} traces it`, "end the debugger");
  if (inspectorOpen()) throw refuse("its inspector is open or can be opened by a signal", "start it through zvault only");
  process.umask(0o077);
  for (const name of Object.keys(process.env)) delete process.env[name];
  process.chdir("/");
  const probe = Secret.random(32);
  const whole = probe.use((bytes) => bytes.some((byte) => byte !== 0));
  probe.wipe();
  if (!whole) throw refuse("memory for keys does not keep what is written", "");
}

function refuse(why: string, hint: string): ZvaultError {
  return new ZvaultError("agent-start", `the agent does not start: ${why}`, hint === "" ? {} : { hint });
}

/** As they are now, not as they were at the start. */
export function hardeningFacts(): HardeningFact[] {
  const fact = (name: string, ok: boolean, detail: string): HardeningFact => ({ name, ok, detail });
  const tracer = tracerPid();
  const names = Object.keys(process.env).length;
  return [
    fact("no core files", coreLimit() === 0, `limit ${coreLimit()}`),
    fact("closed to other programs", !isDumpable(), isDumpable() ? "dumpable" : "not dumpable"),
    fact("not traced", tracer === 0, tracer === 0 ? "no tracer" : `traced by ${tracer}`),
    fact("no inspector", !inspectorOpen(), "SIGUSR1 does nothing"),
    fact("environment empty", names === 0, `${names} variables`),
    fact("away from any folder", process.cwd() === "/", process.cwd()),
  ];
}

export function memoryStatus(): AgentStatus["memory"] {
  const { kind, locked, why } = memoryFacts();
  return { kind, locked, why };
}

const sigUsr1 = 10;

/** Node catches SIGUSR1 for its inspector unless told not to. */
function inspectorOpen(): boolean {
  const caught = /^SigCgt:\s*([0-9a-f]+)/m.exec(readFileSync("/proc/self/status", "latin1"))?.[1] ?? "0";
  const catches = ((BigInt(`0x${caught}`) >> BigInt(sigUsr1 - 1)) & 1n) === 1n;
  return catches || process.getBuiltinModule("node:inspector").url() !== undefined;
}
