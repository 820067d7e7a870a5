/** The audit log: written before the answer, whole, and believed only as far as it is checked. */
import type { Mutants } from "./mutant.ts";

export const audit: Mutants = {
  "no prev in the audit chain": {
    file: "src/vault/audit-line.ts",
    from: "if (found[1] !== prev)",
    to: "if (found[1] === undefined)",
    test: "test/vault/audit.test.ts",
  },
  "answer before the audit line is on disk": {
    file: "src/vault/audit.ts",
    from: "      await this.#sync.wait();\n    } catch (cause) {",
    to: "      void this.#sync.wait().catch(() => undefined);\n    } catch (cause) {",
    test: "test/vault/audit.test.ts",
  },
  "outcome before effect": {
    file: "src/vault/gate.ts",
    from: "receipt });\n      await vault.durable();",
    to: "receipt });\n      void vault.durable().catch(() => undefined);",
    test: "test/vault/audit.test.ts",
  },
  "a foreign audit line is shown": {
    file: "src/vault/engines/ledger.ts",
    from: "if (isOurs(line, vault.keyring.auditKey))",
    to: "if (isOurs(line, vault.keyring.auditKey) || line)",
    test: "test/vault/audit.test.ts",
  },
  "polls that were counted are never written": {
    file: "src/vault/audit.ts",
    from: "if (line) this.#write(line);",
    to: "if (line && !line) this.#write(line);",
    test: "test/vault/polls.test.ts",
  },
  "the first poll is held back": {
    file: "src/vault/audit.ts",
    from: "const receipt = this.record(entry);",
    to: "const receipt = Promise.resolve(new Receipt(proof, entry.request));",
    test: "test/vault/polls.test.ts",
  },
  "a signature of the audit log is not looked at": {
    file: "src/audit-signature.ts",
    from: "if (!isSigned(line, key))",
    to: "if (!isSigned(line, key) && !line)",
    test: "test/vault/audit-changes.test.ts",
  },
  "a signed sum is not compared": {
    file: "src/audit-signature.ts",
    from: 'if (detail["sha256"] !== wanted.sum)',
    to: 'if (detail["sha256"] === "")',
    test: "test/vault/audit-changes.test.ts",
  },
  "a segment that was begun counts though the one before was not signed": {
    file: "src/vault/audit-segment.ts",
    from: "bytes.length === 0 ? end.closed :",
    to: "bytes.length === 0 ||",
    test: "test/vault/audit-changes.test.ts",
  },
  "the start of a segment after one that was moved away is believed": {
    file: "src/vault/audit-check.ts",
    from: "anchor && anchor.hmac !== hmac ?",
    to: "anchor && anchor.hmac === '' ?",
    test: "test/vault/audit-changes.test.ts",
  },
  "a broken audit log is not set aside": {
    file: "src/vault/open.ts",
    from: "    setAside(o.io, options.folder, last);\n",
    to: "",
    test: "test/vault/audit.test.ts",
  },
  "who sealed is not in the audit log": {
    file: "src/vault/vault.ts",
    from: "caller ? { caller } : {}",
    to: "{}",
    test: "test/door/decisions.test.ts",
  },
  "the audit log has the value": {
    file: "src/vault/gate.ts",
    from: "caller, ...(detail ? { detail } : {}) };",
    to: 'caller, detail: { ...detail, value: Buffer.from(request.body?.[0] ?? []).toString("base64") } };',
    test: "test/hostile/markers.test.ts",
  },
  "names in the audit log are as they came": {
    file: "src/vault/audit-line.ts",
    from: "const start = ascii(JSON.stringify(fields)).slice(0, -1);",
    to: 'const start = Buffer.from(JSON.stringify(fields)).toString("latin1").slice(0, -1);',
    test: "test/hostile/markers.test.ts",
  },
  "offboard forgets what a token made": {
    file: "src/vault/leaver.ts",
    from: "if (login || (theirs && makesToken.has(verb)))",
    to: "if (login)",
    test: "test/vault/offboard.test.ts",
  },
  "offboard names tokens to whoever may not list them": {
    file: "src/vault/leaver.ts",
    from: 'if (!mayList(rights, "auth/token/accessors")) return [];',
    to: "",
    test: "test/vault/offboard.test.ts",
  },
  "a receipt can be made by hand": {
    file: "src/vault/audit.ts",
    from: "  readonly [proof] = true;\n",
    to: "",
    test: "test/types/types.test.ts",
  },
};
