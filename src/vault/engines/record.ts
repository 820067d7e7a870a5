/** Looking at the record: whether log and audit log are what was written. */
import type { Calls, VerifyReport } from "../../calls.ts";
import { ZvaultError } from "../../errors.ts";
import { bytesOf, checkSegment, listSegments, name, startOf } from "../audit-segment.ts";
import type { Vault } from "../vault.ts";

export const record = {
  /** Every segment that is there, from its first line on; says from which record it could check, and the first broken line. */
  verifyAudit(vault: Vault): Calls["audit.verify"]["result"] {
    const folder = `${vault.dir}/audit`;
    const segments = listSegments(vault.io, folder);
    let records = 0;
    let from = 0;
    let [end, lines] = [0, 0];
    let expected: { sequence: number; hmac: string } | undefined;
    let problem: string | undefined;
    for (const segment of segments) {
      const text = bytesOf(vault.auditOptions, segment);
      const start = expected ?? startOf(vault.io, folder, segment, text);
      problem = expected ? undefined : beginsElsewhere(vault, segment, start.hmac);
      if (problem !== undefined) break;
      // a segment before this one was moved away, or was broken and set aside: what is older cannot be joined to it
      if (!expected) from = start.sequence + 1;
      const read = checkSegment(text, start, vault.keyring.auditKey);
      records += read.lines;
      [end, lines] = [read.sequence, read.lines];
      problem =
        read.problem === undefined ? anchorProblem(vault, segment, read) : `${name(segment)} line ${read.line} ${read.problem}`;
      if (problem !== undefined) break;
      expected = segments.includes(segment + 1) ? { sequence: read.sequence, hmac: read.hmac } : undefined;
    }
    const { segment: open, sequence: last } = vault.audit.position;
    if (problem === undefined && end !== last)
      problem = `${name(open)} line ${segments.includes(open) ? lines + 1 : 1} is missing: the audit log should end at record ${last}`;
    return { ok: problem === undefined, records, from, segments: segments.length, ...(problem === undefined ? {} : { problem }) };
  },

  verify(vault: Vault): VerifyReport {
    const problems: string[] = [];
    let records = 0;
    try {
      records = vault.barrier.verify();
    } catch (failure) {
      if (!(failure instanceof ZvaultError)) throw failure;
      problems.push(failure.message);
    }
    const audit = record.verifyAudit(vault);
    if (audit.problem !== undefined) problems.push(audit.problem);
    const { ok, problem, from } = audit;
    return {
      ok: problems.length === 0,
      records,
      generations: vault.barrier.header.generation,
      audit: { records: audit.records, ok, from, ...(problem === undefined ? {} : { problem }) },
      slots: vault.keys.slots.length,
      problems,
    };
  },
};

/** A closed segment must end as its anchor in the vault's log says. */
function anchorProblem(vault: Vault, segment: number, read: { lines: number; hmac: string }): string | undefined {
  const anchor = anchorOf(vault, segment);
  if (!anchor || (anchor.hmac === read.hmac && anchor.lines === read.lines)) return undefined;
  if (read.lines < anchor.lines)
    return `${name(segment)} line ${read.lines + 1} is missing: the vault's log says it has ${anchor.lines} lines`;
  return `${name(segment)} line ${anchor.lines} is not the end that the vault's log says it has`;
}

/** Where the segment before was moved away, its anchor still says what the first line follows. */
function beginsElsewhere(vault: Vault, segment: number, hmac: string): string | undefined {
  const anchor = anchorOf(vault, segment - 1);
  return anchor && anchor.hmac !== hmac ? `${name(segment)} line 1 does not follow the segment before it` : undefined;
}

function anchorOf(vault: Vault, segment: number): Vault["state"]["anchors"][number] | undefined {
  return vault.state.anchors.findLast((one) => one.segment === segment);
}
