/**
 * What the lines of an audit log come to, taken one after the other, oldest first. Pure. A request counts once: by its access, intent or
 * denied line; outcome lines only say how it ended.
 */
import type { AuditLine, AuditStats, AuditUse } from "../calls/audit.ts";
import { isBelow } from "../path.ts";
import { isVerb, verbs } from "../verbs.ts";
import { callerOf, pathsIn } from "./audit-filter.ts";

type Row = { program: string; uid: number; tool?: string };

/** Who asked, as far as the report tells them apart. undefined: nobody, the line is the vault's own. */
function askerOf(line: AuditLine): { row: Row; key: string } | undefined {
  const found = callerOf(line);
  if (!found) return undefined;
  const { program, uid, tool } = found;
  const row = { program, uid, ...(tool === undefined ? {} : { tool }) };
  return { row, key: JSON.stringify([row.uid, row.program, row.tool ?? ""]) };
}

function isRequest(line: AuditLine): boolean {
  return line["kind"] === "access" || line["kind"] === "intent" || line["kind"] === "denied";
}

/** Polls that were repeated are one line. */
function requestsOf(line: AuditLine): number {
  const polls = (line["detail"] as { polls?: unknown } | undefined)?.polls;
  return typeof polls === "number" ? polls : 1;
}

const timeOf = (line: AuditLine): string => String(line["time"]);
const verbOf = (line: AuditLine): string => String(line["verb"]);

/**
 * Whether a request of this verb, if it was allowed, gives a stored value away. A watch gives numbers of versions only, and what transit
 * decrypts is stored elsewhere.
 */
export function opens(verb: string): boolean {
  return isVerb(verb) && verb.startsWith("kv.") && (verbs[verb].presence === "shows" || verb === "kv.resolve");
}

/** Who asked for a path, or for what is below it: one row for each program and verb, the last one first. To ask who did is no use. */
export class Uses {
  readonly #path: string;
  readonly #rows = new Map<string, AuditUse>();

  constructor(path: string) {
    this.#path = path;
  }

  add(line: AuditLine): void {
    const asker = askerOf(line);
    if (!asker || !isRequest(line) || verbOf(line) === "audit.uses" || !pathsIn(line).some((path) => isBelow(path, this.#path)))
      return;
    const [verb, time] = [verbOf(line), timeOf(line)];
    const key = `${verb} ${asker.key}`;
    const row = this.#rows.get(key) ?? { ...asker.row, verb, requests: 0, denied: 0, first: time, last: time };
    row.requests += requestsOf(line);
    if (line["kind"] === "denied") row.denied += 1;
    row.last = time;
    this.#rows.set(key, row);
  }

  get rows(): AuditUse[] {
    return [...this.#rows.values()].toSorted((a, b) => (a.last < b.last ? 1 : -1));
  }
}

/** So many refusals of one program within a minute are a burst. */
const burstOf = 5;
const minute = 60_000;
/** the last ones; of a log of years there may be thousands */
const mostTold = 200;

type Tally = Row & { requests: number; denied: number; paths: Set<string>; first: string; last: string };
type Burst = AuditStats["bursts"][number];

/** Counts by verb and program; programs new to a path that others had opened before; bursts of refusals. All before `since` is only learnt from. */
export class Stats {
  readonly #since: number;
  readonly #verbs = new Map<string, AuditStats["verbs"][number]>();
  readonly #programs = new Map<string, Tally>();
  /** path → who opened it */
  readonly #openers = new Map<string, Set<string>>();
  readonly #fresh: AuditStats["fresh"] = [];
  /** by asker: the last refusals, and the burst they are in */
  readonly #denials = new Map<string, { times: number[]; burst: Burst | undefined }>();
  readonly #bursts: Burst[] = [];

  constructor(since?: string) {
    this.#since = since === undefined ? Number.NEGATIVE_INFINITY : Date.parse(since);
  }

  add(line: AuditLine): void {
    const counts = Date.parse(timeOf(line)) >= this.#since;
    const asker = askerOf(line);
    const opened = line["kind"] === "access" && opens(verbOf(line));
    if (asker && opened) this.#opened(line, asker, counts);
    if (!counts) return;
    const verb = this.#verbs.get(verbOf(line)) ?? { verb: verbOf(line), requests: 0, denied: 0, failed: 0 };
    if (isRequest(line)) verb.requests += requestsOf(line);
    if (line["kind"] === "denied") verb.denied += 1;
    if (line["outcome"] === "failed" || line["outcome"] === "interrupted") verb.failed += 1;
    if (verb.requests + verb.failed > 0) this.#verbs.set(verb.verb, verb);
    if (!asker || !isRequest(line)) return;
    this.#count(line, asker);
    if (line["kind"] === "denied") this.#denied(line, asker);
  }

  #count(line: AuditLine, { row, key }: { row: Row; key: string }): void {
    const time = timeOf(line);
    const tally = this.#programs.get(key) ?? { ...row, requests: 0, denied: 0, paths: new Set(), first: time, last: time };
    tally.requests += requestsOf(line);
    if (line["kind"] === "denied") tally.denied += 1;
    else if (opens(verbOf(line))) for (const path of pathsIn(line)) tally.paths.add(path);
    tally.last = time;
    this.#programs.set(key, tally);
  }

  #opened(line: AuditLine, { row, key }: { row: Row; key: string }, counts: boolean): void {
    for (const path of pathsIn(line)) {
      const openers = this.#openers.get(path) ?? new Set();
      if (openers.size > 0 && !openers.has(key) && counts) {
        this.#fresh.push({ time: timeOf(line), path, verb: verbOf(line), ...row });
        if (this.#fresh.length > mostTold) this.#fresh.shift();
      }
      this.#openers.set(path, openers.add(key));
    }
  }

  #denied(line: AuditLine, { row, key }: { row: Row; key: string }): void {
    const now = Date.parse(timeOf(line));
    const found = this.#denials.get(key) ?? { times: [], burst: undefined };
    found.times = [...found.times, now].slice(-burstOf);
    const within = now - (found.times[0] ?? now) <= minute;
    if (found.times.length < burstOf || !within) found.burst = undefined;
    else if (found.burst) Object.assign(found.burst, { to: timeOf(line), denied: found.burst.denied + 1 });
    else {
      found.burst = { ...row, from: new Date(found.times[0] ?? now).toISOString(), to: timeOf(line), denied: burstOf };
      this.#bursts.push(found.burst);
      if (this.#bursts.length > mostTold) this.#bursts.shift();
    }
    this.#denials.set(key, found);
  }

  get result(): Pick<AuditStats, "verbs" | "programs" | "fresh" | "bursts"> {
    const most = <T extends { requests: number }>(rows: Iterable<T>): T[] => [...rows].toSorted((a, b) => b.requests - a.requests);
    const programs = most(this.#programs.values()).map(({ paths, ...rest }) => ({ ...rest, paths: paths.size }));
    return { verbs: most(this.#verbs.values()), programs, fresh: this.#fresh, bursts: this.#bursts };
  }
}

export type Opening = { path: string; verbs: string[]; requests: number; last: string };

/** Every path that somebody was given the value of, or gave a value to. `is` is asked of every line, so that it may learn from them. */
export class Openings {
  readonly #is: (line: AuditLine, author: string) => boolean;
  readonly #rows = new Map<string, Opening>();
  /** of the slot that opened the vault, for the lines that follow */
  #author = "";

  constructor(is: (line: AuditLine, author: string) => boolean) {
    this.#is = is;
  }

  add(line: AuditLine): void {
    const verb = verbOf(line);
    if (verb === "agent.unseal" && line["kind"] === "event") {
      const author = (line["detail"] as { author?: unknown } | undefined)?.author;
      this.#author = typeof author === "string" ? author : "";
    }
    const gave = (verb === "kv.put" || verb === "kv.import") && line["outcome"] === "done";
    const got = line["kind"] === "access" && opens(verb);
    if (!this.#is(line, this.#author) || !(gave || got)) return;
    for (const path of pathsIn(line)) {
      const row = this.#rows.get(path) ?? { path, verbs: [], requests: 0, last: "" };
      if (!row.verbs.includes(verb)) row.verbs.push(verb);
      row.requests += 1;
      row.last = timeOf(line);
      this.#rows.set(path, row);
    }
  }

  get rows(): Opening[] {
    return [...this.#rows.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1));
  }
}
