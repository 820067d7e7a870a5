/** The references that a run asks for, where each is used, and the hosts that the files would send it to. */
import { hostsOf } from "../envfile/hosts.ts";
import { type Part, printReference, type Ref } from "../envfile/reference.ts";
import { ZvaultError } from "../errors.ts";
import { limits } from "../verbs.ts";
import type { Definition, Place } from "./plan.ts";

export type Use = { name: string; place: Place; whole: boolean };
/** A text of the files that puts values beside hosts. */
export type Sending = { name: string; place: Place; hosts: string[] };
/** With all of these hosts: the folder may send the value only where somebody allowed. */
export type SentRef = Ref & { hosts?: string[] };
/** A reference to resolve; `key` is its canonical text. */
export type Request = { key: string; ref: SentRef; uses: Use[]; sendings?: Sending[] };

type Find = (name: string) => Definition | undefined;

/** What fits into an environment, and more than people write: beyond it nothing is looked through. Characters, parts, steps. */
const longest = 128 * 1024;
const together = { length: 4 * 1024 * 1024, parts: 256 * 1024 };
const deepest = 32;

/**
 * The references that `definitions` need, also by way of `${zvault:NAME}`, each once. `inFiles`: what the files say of a name, also where
 * the caller's environment has another value. Throws `usage` with the place for texts that are too large.
 */
export function requestsOf(definitions: Iterable<Definition>, find: Find, inFiles: Find): Request[] {
  const requests = new Map<string, Request>();
  const done = new Set<Definition>();
  function add(ref: Ref, use: Use): void {
    const key = printReference(ref);
    const known = requests.get(key);
    if (known) known.uses.push(use);
    else requests.set(key, { key, ref, uses: [use] });
  }
  function visit(one: Definition): void {
    if (done.has(one)) return;
    done.add(one);
    const use = { name: one.name, place: one.place };
    if (one.value.kind === "reference") add(one.value.ref, { ...use, whole: true });
    if (one.value.kind !== "template") return;
    for (const part of one.value.parts) {
      if (typeof part === "string") continue;
      if ("ref" in part) add(part.ref, { ...use, whole: false });
      else {
        const next = find(part.name);
        if (next && next !== one) visit(next);
      }
    }
  }
  for (const one of definitions) visit(one);
  if (requests.size === 0) return [];
  const wholeText = makeWholeText((name) => {
    const said = inFiles(name);
    // the caller's own value is the caller's word: what is compared is what the files say
    return said?.value.kind === "plain" ? said : find(name);
  });
  for (const one of done) if (one.value.kind === "template") addHosts(one, wholeText(one), requests);
  return [...requests.values()];
}

/** Every reference of a text goes to every host of it. */
function addHosts(one: Definition, parts: readonly Part[], requests: ReadonlyMap<string, Request>): void {
  const refs = parts.flatMap((part) => (typeof part === "object" && "ref" in part ? [printReference(part.ref)] : []));
  const hosts = refs.length === 0 ? [] : hostsOf(parts);
  if (hosts.length === 0) return;
  for (const key of new Set(refs)) {
    const request = requests.get(key);
    if (!request) continue;
    const all = [...new Set([...(request.ref.hosts ?? []), ...hosts])];
    if (all.length > limits.hosts || all.some((host) => host.length > limits.host))
      throw tooLarge(one, `sends ${key} to more hosts, or longer ones, than are looked through`);
    request.ref = { ...request.ref, hosts: all };
    (request.sendings ??= []).push({ name: one.name, place: one.place, hosts });
  }
}

/** The parts of a text with those of the names in it in their place. A name that nothing is found for, or that is in a circle, stays. */
function makeWholeText(find: Find): (one: Definition) => Part[] {
  const all = { length: 0, parts: 0 };
  return (one) => {
    const parts: Part[] = [];
    let length = 0;
    function push(part: Part): void {
      parts.push(part);
      const more = typeof part === "string" ? part.length : 1;
      length += more;
      all.length += more;
      all.parts++;
      if (length > longest || all.length > together.length || all.parts > together.parts)
        throw tooLarge(one, "is longer than an environment takes once its names are put in");
    }
    function put({ text, value }: Definition, path: readonly Definition[]): void {
      if (value.kind === "plain") push(text);
      else if (value.kind === "reference") push({ ref: value.ref });
      else {
        for (const part of value.parts) {
          const next = typeof part === "object" && "name" in part ? find(part.name) : undefined;
          if (!next || path.includes(next)) push(part);
          else if (path.length === deepest) throw tooLarge(one, `needs names that need names, more than ${deepest} deep`);
          else put(next, [...path, next]);
        }
      }
    }
    put(one, [one]);
    return parts;
  };
}

function tooLarge(one: Definition, why: string): ZvaultError {
  const where = one.place.line > 0 ? `${one.place.file}:${one.place.line} ` : "";
  return new ZvaultError("usage", `${where}${one.name} ${why}`, { names: [one.name] });
}
