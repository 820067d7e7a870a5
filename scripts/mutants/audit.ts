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
    from: 'text === "" ? end.closed :',
    to: 'text === "" ||',
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
  "a whole segment that is gone is not told": {
    file: "src/vault/audit-check.ts",
    from: ".filter((segment) => !segments.includes(segment));",
    to: ".filter((segment) => segment < 0);",
    test: "test/vault/audit-changes.test.ts",
  },
  "an unseal names what it met, not what came first": {
    file: "src/vault/open.ts",
    from: "return problem === undefined ? failure : gone(problem);",
    to: "return problem === undefined || problem ? failure : problem;",
    test: "test/vault/audit-changes.test.ts",
  },
};
