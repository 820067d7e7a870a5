/** Who gives the values. `main.ts` wires it to the client; here only what `run` asks of it, and what its refusals mean for a run. */
import { printReference, type Ref } from "../envfile/reference.ts";
import type { SeenCaller } from "../calls/vault.ts";
import { ZvaultError, type ErrorCode } from "../errors.ts";
import { sealedFor } from "../signs/refusal.ts";
import { sentTo } from "../path.ts";
import { RunFailure } from "./exit.ts";
import type { Plan, Place } from "./plan.ts";
import type { Request, SentRef } from "./requests.ts";
import type { Value } from "./values.ts";

export type ResolveRequest = {
  /** real path of the folder the references stand in */
  folder: string;
  /** vault id in the head of its files; counts only where no vault is found otherwise */
  headVault?: string;
  refs: SentRef[];
  /** names that need a person's leave for this folder; throws `dangerous-name` (names: those without) */
  dangerous: string[];
  /** `--vault`, ZVAULT_DIR */
  vaultDir?: string;
  /** opens the vault for this request alone; nobody is asked */
  keyFile?: string;
  /** the AI tool or editor that is started with the values (`--allow-ai`) */
  starts?: string;
};

/** `notices`: of a vault that was opened for this; nobody else hears of them. */
type Resolved = { values: Value[]; caller: SeenCaller; notices?: readonly string[]; release(): void };

export type Resolver = {
  /** Values will be asked for: connects, so that the agent wakes while the files are still being read. Never throws, starts nothing. */
  begin(): void;
  /**
   * `meanwhile.sent` is called once the request is on its way, `meanwhile.begun` once whoever answers has looked at this process, before
   * a value is in it.
   * values[i] belongs to refs[i]; `release` wipes them. Throws ZvaultError; `unresolved` and `not-bound` carry the paths (or the
   * references, or PATH@HOST where a text sends it to a host that nobody allowed) in `names`.
   */
  resolve(request: ResolveRequest, meanwhile: Meanwhile): Promise<Resolved>;
  /** Asks a person on the terminal and unseals. Throws `would-ask` without a terminal, `ai-tool` (names: the tool) where it is no person. */
  unseal(meanwhile: Meanwhile): Promise<void>;
  /**
   * Numbers of the current versions of the references, 0 without one: at once, or with `seen` as soon as they are others. Starts no
   * agent; throws `sealed` without one.
   */
  versions?(request: ResolveRequest, seen: number[] | undefined): Promise<number[]>;
};

/** As `connection.ts` has it, which this room may not import. */
export type Meanwhile = { sent?(): void; begun(): void };

/** How often a sealed agent is asked again under `--wait`, in ms. */
const poll = 1000;

/** Puts the values of `refs` into `known`; how the agent sees us. Throws `RunFailure` that lists every reference in question with its place. */
export async function askFor(o: {
  resolver: Resolver;
  plan: Plan;
  refs: SentRef[];
  dangerous: string[];
  known: Map<string, Value>;
  meanwhile: Meanwhile;
  /** ms to wait for a person, undefined: do not wait */
  wait: number | undefined;
  vaultDir: string | undefined;
  keyFile: string | undefined;
  starts: string | undefined;
  /** once, when nobody is there to unseal */
  sealed: () => Promise<void>;
  note: (line: string) => void;
}): Promise<SeenCaller> {
  const request: ResolveRequest = {
    folder: o.plan.folder,
    refs: o.refs,
    dangerous: o.dangerous,
    ...(o.plan.headVault === undefined ? {} : { headVault: o.plan.headVault }),
    ...(o.vaultDir === undefined ? {} : { vaultDir: o.vaultDir }),
    ...(o.keyFile === undefined ? {} : { keyFile: o.keyFile }),
    ...(o.starts === undefined ? {} : { starts: o.starts }),
  };
  // process.uptime: `performance` would load its module, 3 ms in the hot lane
  const until = process.uptime() + (o.wait ?? 0) / 1000;
  let asked = false;
  let tool: string | undefined;
  for (;;) {
    try {
      const answer = await o.resolver.resolve(request, o.meanwhile);
      for (const [index, ref] of o.refs.entries()) {
        const value = answer.values[index];
        if (!value) throw new ZvaultError("protocol", "the answer has fewer values than were asked for");
        // our own copy: what was given is wiped below
        o.known.set(printReference(ref), { ...value, bytes: value.bytes.slice() });
      }
      answer.release();
      for (const line of answer.notices ?? []) o.note(line);
      return answer.caller;
    } catch (error) {
      if (!(error instanceof ZvaultError)) throw error;
      // about the key file, and no reference
      if (o.keyFile !== undefined && error.names.includes(o.keyFile)) throw error;
      if (error.code !== "sealed") throw explained(error, o.plan, o.refs);
      if (!asked) {
        asked = true;
        const outcome = await unsealed(o.resolver, o.meanwhile);
        if (outcome === true) continue;
        if (outcome !== false) tool = outcome.tool;
        await o.sealed();
      }
      if (process.uptime() >= until) throw tool === undefined ? sealed(error) : sealedFor(tool, { nothingStarted: true });
      await new Promise((wake) => setTimeout(wake, poll));
    }
  }
}

/** False where there is no terminal to ask on; nor is an AI tool asked. */
async function unsealed(resolver: Resolver, meanwhile: Meanwhile): Promise<boolean | { tool: string }> {
  try {
    await resolver.unseal({ begun: () => meanwhile.begun() });
    return true;
  } catch (error) {
    if (error instanceof ZvaultError && error.code === "would-ask") return false;
    if (error instanceof ZvaultError && error.code === "ai-tool") return { tool: error.names[0] ?? "unknown" };
    throw error;
  }
}

function sealed(error: ZvaultError): RunFailure {
  const hint = error.hint ?? "in your own terminal: zvault unseal; nothing was started. --wait waits for it";
  return new RunFailure("sealed", error.message, { hint, cause: error });
}

const hints: Partial<Record<ErrorCode, string>> = {
  unresolved: "zvault fill asks for them, zvault import takes them from a .env",
  "not-found": "zvault fill asks for them, zvault import takes them from a .env",
  "not-bound": "if you trust this folder: zvault allow REF",
  "dangerous-name": "if you trust this file: zvault allow --dangerous NAME",
};
const aboutReferences: readonly ErrorCode[] = ["unresolved", "not-found", "not-bound", "no-vault", "gone", "not-adopted", "copied"];

/** The refusal with the places it is about, one line each. */
function explained(error: ZvaultError, plan: Plan, refs: readonly Ref[]): RunFailure {
  const details = error.code === "dangerous-name" ? dangerousLines(error, plan) : referenceLines(error, plan, refs);
  const hint = error.hint ?? hints[error.code];
  const names = error.names.length > 0 ? error.names : refs.map((ref) => ref.path);
  return new RunFailure(error.code, error.message, { details, names, cause: error, ...(hint === undefined ? {} : { hint }) });
}

function where(place: Place): string {
  return place.line > 0 ? `${place.file}:${place.line}` : place.file;
}

function referenceLines(error: ZvaultError, plan: Plan, refs: readonly Ref[]): string[] {
  if (!aboutReferences.includes(error.code)) return [];
  const sent = error.code === "not-bound" ? plan.requests.flatMap((one) => sendingLines(error, one)) : [];
  if (sent.length > 0) return sent;
  const named = (ref: Ref) =>
    [ref.path, `/${ref.path}`, `zvault://${ref.path}`, printReference(ref)].some((name) => error.names.includes(name));
  const matching = refs.filter(named);
  // a refusal of the whole vault names no reference: then it is about all
  return (matching.length > 0 ? matching : refs).flatMap((ref) => {
    const key = printReference(ref);
    const uses = plan.requests.find((request) => request.key === key)?.uses ?? [];
    return uses.length === 0 ? [key] : uses.map((use) => `${where(use.place)} ${use.name} ${key}`);
  });
}

/** The texts that would send it where nobody allowed. */
function sendingLines(error: ZvaultError, { key, ref, sendings = [] }: Request): string[] {
  return sendings.flatMap(({ name, place, hosts }) =>
    hosts.some((host) => error.names.includes(sentTo(ref.path, host))) ? [`${where(place)} ${name} ${key}`] : [],
  );
}

function dangerousLines(error: ZvaultError, plan: Plan): string[] {
  return plan.dangerous
    .filter((name) => error.names.length === 0 || error.names.includes(name))
    .map((name) => `${where(plan.set.get(name)?.place ?? { file: "", line: 0 })} ${name}`);
}
