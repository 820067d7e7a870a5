/** Looking at the record: whether log and audit log are what was written. */
import type { Calls, VerifyReport } from "../../calls.ts";
import { ZvaultError } from "../../errors.ts";
import { checkSegments } from "../audit-check.ts";
import { name } from "../audit-segment.ts";
import type { Vault } from "../vault.ts";

export const record = {
  /** Every segment that is there, from its first line on; says from which record it could check, and the first broken line. */
  verifyAudit(vault: Vault): Calls["audit.verify"]["result"] {
    const {
      records,
      from,
      segments,
      missing,
      end,
      lines,
      problem: broken,
    } = checkSegments(vault.auditOptions, vault.state.anchors);
    const { segment: open, sequence: last } = vault.audit.position;
    const cut = `${name(open)} line ${segments.includes(open) ? lines + 1 : 1} is missing: the audit log should end at record ${last}`;
    const problem = broken ?? (end === last ? undefined : cut);
    const found = { records, from, segments: segments.length, missing };
    return { ok: problem === undefined, ...found, ...(problem === undefined ? {} : { problem }) };
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
