/** Looking at the record: whether log and audit log are what was written. */
import type { Calls } from "../../calls.ts";
import type { VerifyReport } from "../../calls/vault.ts";
import { ZvaultError } from "../../errors.ts";
import { verifySegments } from "../audit-check.ts";
import type { Vault } from "../vault.ts";

export const record = {
  verifyAudit(vault: Vault): Calls["audit.verify"]["result"] {
    const { segment, sequence } = vault.audit.position;
    return verifySegments({ ...vault.auditOptions, anchors: vault.state.anchors, end: { segment, sequence } });
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
