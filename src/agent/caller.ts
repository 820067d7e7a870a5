/**
 * Who is at the other end of a connection, found out from the kernel. Only the uid is proof; the program, its session and what stands
 * above it are evidence: for the audit log, to bind a presence to one terminal session, and to tell an AI tool from a person. What the
 * caller says of its own environment can only take rights away from it.
 */
import { type ProcessStat, processStat } from "../process-stat.ts";
import type { Caller } from "../protocol.ts";
import { type Judgement, judge } from "../signs/judge.ts";
import type { Marks } from "../signs/marks.ts";
import { kindOf, namesOf } from "../signs/program.ts";
import { ancestorsOf, exeOf, marksOfProcess } from "./ancestry.ts";
import { oldestLogin } from "./login.ts";
import type { Runs } from "./runs.ts";

/** A peer as it was when it connected: a client closes itself to others, to us too, before a value reaches it. */
export type Seen = { pid: number; uid: number; since: string; program: string };

/** `since` in what it gives: start time the pid had when it connected; another one later means the pid was given to somebody else. */
export function lookAt(peer: { pid: number; uid: number }): Seen {
  return { ...peer, since: processStat(peer.pid)?.startTime ?? "", program: exeOf(peer.pid) };
}

/** `led`: the leader of its session is the process itself, or stands above it. */
type Found = Judgement & { inRun: boolean; led: boolean };

export class Peer {
  readonly #peer: Seen;
  readonly #runs: Runs;
  #found: Found | undefined;
  #said = "";

  constructor(peer: Seen, runs: Runs) {
    this.#peer = peer;
    this.#runs = runs;
  }

  /** `marks`: what the caller says of its environment. Judged once, and again when it says something else. */
  caller(marks: Marks = {}): Caller {
    const { pid, uid, since, program } = this.#peer;
    const stat = pid > 0 ? processStat(pid) : undefined;
    const shared = { uid, listener: "socket" } as const;
    if (!stat || stat.startTime !== since) {
      const nobody = seenOf({ ...judge({ known: false, marks, terminal: false, ancestors: [] }), inRun: false, led: false });
      return { ...shared, ...nobody, pid: 0, startTime: "", program: "", session: `gone:${pid}:${since}` };
    }
    const { session, startTime } = stat;
    const found = this.#judge(stat, marks);
    // a leader that is gone cannot vouch for a session, so nobody shares it; nor does an orphan, left behind by who knows whom
    const leader = (found.led ? processStat(session)?.startTime : undefined) ?? `gone:${pid}:${startTime}`;
    return { ...shared, ...seenOf(found), pid, startTime, program, session: `${session}:${leader}` };
  }

  /** It was given values: what it starts, and what it becomes, is inside a run. */
  ran(): void {
    this.#runs.note(this.#peer.pid, this.#peer.since);
  }

  #judge(stat: ProcessStat, said: Marks): Found {
    const text = JSON.stringify(said);
    if (this.#found && this.#said === text) return this.#found;
    const { pid, uid } = this.#peer;
    const ancestors = ancestorsOf(stat);
    const login = ancestors.some((one) => kindOf(namesOf(one)).kind === "multiplexer") ? oldestLogin(uid) : undefined;
    const judged = judge({
      known: true,
      // what it says covers nothing up that we see
      marks: { ...said, ...marksOfProcess(pid) },
      terminal: stat.terminal,
      ancestors,
      ...(login === undefined ? {} : { login }),
    });
    this.#said = text;
    this.#found = {
      ...judged,
      inRun: this.#runs.holds({ pid, startTime: stat.startTime, image: stat.image }, ancestors),
      led: stat.session === pid || ancestors.some((one) => one.pid === stat.session),
    };
    return this.#found;
  }
}

function seenOf({ verdict, tool, evidence, inRun }: Found): Pick<Caller, "verdict" | "tool" | "signs" | "inRun"> {
  return { verdict, ...(tool === undefined ? {} : { tool }), signs: evidence, inRun };
}
