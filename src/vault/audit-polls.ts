/**
 * Repeated polls of one caller: the first is a line on disk before its answer, those that follow within a minute are counted, and
 * become one line: when the minute is over, before the next other line of that caller, and at the seal. What a crash takes is counts only.
 */
import type { AuditEntry } from "./audit-line.ts";
import type { Receipt } from "./audit.ts";

const minute = 60_000;
/** Callers and questions at once; beyond, the oldest is written early. */
const most = 256;

type Poll = { entry: AuditEntry; since: Date; count: number; receipt: Promise<Receipt> };

function keyOf(entry: AuditEntry): string {
  const { caller, token, verb, paths, policy, presence, detail } = entry;
  return JSON.stringify([
    caller?.pid,
    caller?.startTime,
    caller?.uid,
    token,
    verb,
    paths,
    policy,
    presence,
    detail,
    caller?.verdict,
  ]);
}

function isSameCaller({ caller: one }: AuditEntry, { caller: other }: AuditEntry): boolean {
  return one !== undefined && one.pid === other?.pid && one.startTime === other.startTime && one.uid === other.uid;
}

export class Polls {
  readonly #polls = new Map<string, Poll>();

  /** The receipt of the first one, if that is less than a minute old: this one is counted. A clock that was set back ends the minute. */
  again(entry: AuditEntry, now: Date): Promise<Receipt> | undefined {
    const found = this.#polls.get(keyOf(entry));
    if (!found || isOver(found, now)) return undefined;
    found.count += 1;
    return found.receipt;
  }

  /** `receipt`: of the line of the first one. */
  begin(entry: AuditEntry, now: Date, receipt: Promise<Receipt>): void {
    const key = keyOf(entry);
    const begun = { entry, since: now, count: 0, receipt };
    this.#polls.set(key, begun);
    receipt.catch(() => {
      if (this.#polls.get(key) === begun) this.#polls.delete(key);
    });
  }

  /** Something was counted, or may be yet. */
  get some(): boolean {
    return this.#polls.size > 0;
  }

  /** What must be a line before `entry` is one: what its caller's polls came to, and whatever there is too much of. */
  before(entry: AuditEntry): Poll[] {
    const theirs = [...this.#polls.values()].filter((poll) => poll.count > 0 && isSameCaller(poll.entry, entry));
    const [oldest] = this.#polls.values();
    return this.#polls.size >= most && oldest && !theirs.includes(oldest) ? [...theirs, oldest] : theirs;
  }

  /** Those whose minute is over; at the seal all of them. */
  over(now: Date | "all"): Poll[] {
    return [...this.#polls.values()].filter((poll) => now === "all" || isOver(poll, now));
  }

  /** It was written, or there was nothing to write. */
  end(poll: Poll): void {
    const key = keyOf(poll.entry);
    if (this.#polls.get(key) === poll) this.#polls.delete(key);
  }
}

function isOver({ since }: Poll, now: Date): boolean {
  const age = now.getTime() - since.getTime();
  return age < 0 || age >= minute;
}

/** undefined: it was asked once, and that is a line already. */
export function lineOf({ entry, since, count }: Poll): AuditEntry | undefined {
  if (count === 0) return undefined;
  return { ...entry, detail: { ...entry.detail, polls: count, since: since.toISOString() } };
}
