/**
 * The references of the env files at hand, and what the agent says of each: for `check`, `fill`, `export` and `eject`, which must name
 * every one, where a run only needs to know whether it can start.
 */
import type { Calls } from "../calls.ts";
import { printReference, type Ref } from "../envfile/reference.ts";
import { ZvaultError } from "../errors.ts";
import { folderFor } from "../folder.ts";
import { sentTo } from "../path.ts";
import { type EnvFile, findFiles } from "../run/files.ts";
import { plan, type Plan } from "../run/plan.ts";
import type { SentRef } from "../run/requests.ts";
import type { Value } from "../run/values.ts";
import type { Session } from "./session.ts";

export type References = { files: EnvFile[]; plan: Plan };

/** `-e`, `-f` and `--only` as `run` has them; the caller's environment does not count. Throws `not-found` where there is no env file. */
export function referencesOf(flags: { env: string | undefined; files: string[] | undefined; only?: string[] }): References {
  const { env, files: given, only } = flags;
  const cwd = process.cwd();
  const files = findFiles({
    cwd,
    home: process.env["HOME"],
    ...(env === undefined ? {} : { env }),
    ...(given === undefined ? {} : { files: given }),
  });
  if (files.length === 0)
    throw new ZvaultError("not-found", `no .env.zvault from ${cwd} upwards`, { hint: "zvault import makes it from a .env" });
  const options = { clearEnv: true, override: false, ...(only === undefined || only.length === 0 ? {} : { only }) };
  return { files, plan: plan({ files, environment: {}, cwd, options }) };
}

/** What is wrong with a reference: it has no value, or this folder may not use it. */
export type Trouble = "missing" | "not-allowed";

export type Resolved = {
  /** by the canonical text of the reference; the caller wipes the bytes */
  values: Map<string, Value>;
  /** by path, as refusals name them */
  trouble: Map<string, Trouble>;
  /** PATH@HOST: texts of the files send it there, and nobody allowed that */
  unsent: Set<string>;
  /** names that change how programs run and are not allowed here */
  dangerous: string[];
};

/** Everything that can be resolved, and why the rest cannot. Throws `sealed`, and what is about the vault as a whole. */
export async function resolveAll(session: Session, { plan: { folder, requests, dangerous } }: References): Promise<Resolved> {
  const found: Resolved = { values: new Map(), trouble: new Map(), unsent: new Set(), dangerous: [] };
  const where = folderFor(session.vault(), folder);
  // each round takes out what a refusal named
  for (;;) {
    const refs = requests.map((one) => without(one.ref, found.unsent)).filter((ref) => !found.trouble.has(ref.path));
    const names = dangerous.filter((name) => !found.dangerous.includes(name));
    if (refs.length + names.length === 0) return found;
    try {
      await resolveOnce(session, { folder: where, refs, ...(names.length > 0 ? { dangerous: names } : {}) }, found.values);
      return found;
    } catch (error) {
      if (!(error instanceof ZvaultError) || error.names.length === 0) throw error;
      if (error.code === "dangerous-name") found.dangerous.push(...error.names);
      else if (error.code === "unresolved") for (const path of error.names) found.trouble.set(path, "missing");
      else if (error.code === "not-bound")
        for (const name of error.names) {
          if (name.includes("@")) found.unsent.add(name);
          else found.trouble.set(name, "not-allowed");
        }
      else throw error;
    }
  }
}

function without({ hosts = [], ...ref }: SentRef, unsent: ReadonlySet<string>): SentRef {
  const rest = hosts.filter((host) => !unsent.has(sentTo(ref.path, host)));
  return rest.length === 0 ? ref : { ...ref, hosts: rest };
}

async function resolveOnce(session: Session, args: Calls["kv.resolve"]["args"], into: Map<string, Value>): Promise<void> {
  const answer = await session.ask("kv.resolve", args);
  try {
    for (const [at, ref] of args.refs.entries()) {
      const about = answer.result.values[at];
      const bytes = answer.body[at];
      if (about && bytes) into.set(printReference(ref), { ...about, bytes: bytes.slice() });
    }
  } finally {
    answer.release();
  }
}

/** Where each reference is used: "file:line NAME". */
export function placesOf({ plan: { requests } }: References, path: string): { name: string; place: string; ref: Ref }[] {
  return requests
    .filter((one) => one.ref.path === path)
    .flatMap(({ ref, uses }) => uses.map((use) => ({ name: use.name, place: `${use.place.file}:${use.place.line}`, ref })));
}

/** The texts that send a reference to hosts that nobody allowed. */
export function unsentOf(
  { plan: { requests } }: References,
  unsent: ReadonlySet<string>,
): { name: string; place: string; ref: Ref; hosts: string[] }[] {
  return requests.flatMap(({ ref, sendings = [] }) =>
    sendings.flatMap(({ name, place, hosts }) => {
      const refused = hosts.filter((host) => unsent.has(sentTo(ref.path, host)));
      return refused.length === 0 ? [] : [{ name, place: `${place.file}:${place.line}`, ref, hosts: refused }];
    }),
  );
}
