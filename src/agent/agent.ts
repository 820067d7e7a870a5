/** The agent put together: lock, socket, door, life. Hardening comes before (process.ts). */
import { ZvaultError } from "../errors.ts";
import { createDoor } from "../vault/door.ts";
import { diskIo } from "../vault/io.ts";
import type { Places } from "../vault/places.ts";
import { steadyClock } from "./clock.ts";
import { servingTime } from "./connection.ts";
import { hardeningFacts, memoryStatus } from "./hardening.ts";
import { keyWorkProcess } from "./keywork-process.ts";
import { Lifecycle } from "./lifecycle.ts";
import { Listener, takeLock } from "./listener.ts";
import { AgentLog } from "./log.ts";
import { practise } from "./practice.ts";

/** Between an answer that opened something and the practice, in ms. */
const breath = 250;

/** What tests set otherwise: ms, and how a helper is started. */
export type Tuning = { time?: number; grace?: number; keywork?: { file: string; args: string[] } };

/** Listens. False: another agent does already, this process has nothing to do. Throws `no-runtime`, `vault-busy`. */
export async function startAgent(build: string, places: Places, tuning: Tuning = {}): Promise<boolean> {
  if (takeLock(places.runtime) === undefined) return false;
  const log = new AgentLog(places.state);
  const clock = steadyClock();
  const door = createDoor({
    io: diskIo,
    work: keyWorkProcess(tuning.keywork),
    places,
    clock,
    build,
    facts: () => ({ hardening: hardeningFacts(), memory: memoryStatus() }),
    fatal: (why) => {
      log.write(`fatal: ${why}`);
      life.end(why, 70);
    },
    agent: { pid: process.pid, since: clock() },
  });
  const life: Lifecycle = new Lifecycle(door, log, clock, tuning.grace);
  process.on("uncaughtException", (failure) => life.fail("uncaught", failure));
  process.on("unhandledRejection", (failure) => life.fail("unhandled", failure));
  const serving = {
    door,
    build,
    places,
    log,
    time: tuning.time ?? servingTime,
    before: () => life.before(),
    after(verb: string, ok: boolean) {
      life.after(verb, ok);
      if (practised || door.openCount() === 0) return;
      practised = true;
      setTimeout(practise, breath);
    },
  };
  let practised = false;
  await door.sweep().catch((failure: unknown) => log.failure("sweep", failure));
  const listener = new Listener(places.runtime, serving, () => life.quiet());
  await listener.open();
  life.begin(listener);
  log.write(`listening, build ${build}`);
  return true;
}

/** Throws `agent-start` for anything but `{v: 1, build, places}` of this build. */
export function parseConfig(text: string, build: string): Places {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const { v, build: starter, places } = (value ?? {}) as Record<string, unknown>;
  const { config, state, runtime } = (places ?? {}) as Record<string, unknown>;
  const isFolder = (one: unknown): one is string => typeof one === "string" && one.startsWith("/");
  if (v !== 1 || !isFolder(config) || !isFolder(state) || !isFolder(runtime)) {
    throw new ZvaultError("agent-start", "the agent was started without its configuration", { hint: "zvault starts it by itself" });
  }
  if (starter !== build)
    throw new ZvaultError("other-build", "the agent's executable was replaced while it was started", { hint: "try again" });
  return { config, state, runtime };
}
