/** Who may: presence, tokens, roles, folders. */
import type { Mutants } from "./mutant.ts";

export const who: Mutants = {
  "presence skipped": {
    file: "src/vault/gate.ts",
    from: 'presence === "no" && !person ? this.#byPolicy',
    to: "presence !== undefined ? this.#byPolicy",
    test: "test/door/both.test.ts",
  },
  "token: parents are not asked": {
    file: "src/vault/tokens/asking.ts",
    from: "layers: line.map((one) => one.token.policies)",
    to: "layers: line.slice(0, 1).map((one) => one.token.policies)",
    test: "test/door/tokens.test.ts",
  },
  "token: a use is not spent": {
    file: "src/vault/tokens/asking.ts",
    from: "if (!own || !token || token.usesLeft === 0) return false;",
    to: "if (!own || !token || token.usesLeft >= 0) return false;",
    test: "test/door/tokens.test.ts",
  },
  "token: revoked meanwhile counts": {
    file: "src/vault/gate.ts",
    from: "if (own && !line) return",
    to: "if (own && !line && vault.sealed) return",
    test: "test/door/tokens.test.ts",
  },
  "approle: a use is not spent": {
    file: "src/vault/approle/role.ts",
    from: "usesLeft: one.usesLeft - 1 }",
    to: "usesLeft: one.usesLeft }",
    test: "test/vault/approle.test.ts",
  },
  "approle: a secret_id of another role counts": {
    file: "src/vault/approle/role.ts",
    from: "one.roleId === role.roleId &&",
    to: "",
    test: "test/vault/approle.test.ts",
  },
  "binding of folders skipped": {
    file: "src/vault/engines/project.ts",
    from: "if (foreign.length > 0) {",
    to: "if (foreign.length < 0) {",
    test: "test/door/both.test.ts",
  },
  "foreign folders are believed": {
    file: "src/vault/standing.ts",
    from: 'if (!first) return { kind: "unknown" };',
    to: 'if (!first) return { kind: "known" };',
    test: "test/vault/standing.test.ts",
  },
  "token: a use is taken into a compaction": {
    file: "src/vault/gate.ts",
    from: "while (spendsUse(call) && call.vault.busy)",
    to: "while (spendsUse(call) && call.vault.busy && call.vault.sealed)",
    test: "test/hostile/tokens.test.ts",
  },
  "token: one with a number of uses has children": {
    file: "src/vault/engines/tokens.ts",
    from: "if (own && own.token.usesLeft !== 0) throw",
    to: "if (own && own.token.usesLeft < 0) throw",
    test: "test/hostile/tokens.test.ts",
  },
  "token: a line without an end": {
    file: "src/vault/engines/tokens.ts",
    from: "if ((line?.length ?? 0) >= tokenLimits.line)",
    to: "if ((line?.length ?? 0) >= tokenLimits.tokens)",
    test: "test/hostile/tokens.test.ts",
  },
  "token: owner is a policy like any other": {
    file: "src/vault/engines/tokens.ts",
    from: "const name = policies.find((one) => fixed.has(one));",
    to: "const name = policies.find((one) => fixed.has(one) && one !== owner.name);",
    test: "test/hostile/tokens.test.ts",
  },
  "approle: a token says what a role gives": {
    file: "src/vault/engines/approle.ts",
    from: 'if (own && !own.token.policies.includes("root"))',
    to: 'if (own && own.token.policies.includes("root") && !args)',
    test: "test/hostile/tokens.test.ts",
  },
  "a root token for a passphrase that was given before": {
    file: "src/vault/gate.ts",
    from: 'if (verb === "token.root" && !request.credential)',
    to: 'if (verb === "token.root" && !request.vault)',
    test: "test/hostile/tokens.test.ts",
  },
  "an import allows hosts for any path": {
    file: "src/vault/args.ts",
    from: "`env/${name}`), ...besides]",
    to: "`env/${name}`), ...besides.slice(0, 0)]",
    test: "test/hostile/tokens.test.ts",
  },
  "policy: local has all of transit": {
    file: "src/vault/policy/built-in.ts",
    from: 'const transit = ["encrypt/*",',
    to: 'const transit = ["*", "encrypt/*",',
    test: "test/hostile/tokens.test.ts",
  },
  "a token becomes the passphrase of a new vault": {
    file: "src/vault/session.ts",
    from: "(kind ?? credential.kind) === credential.kind",
    to: "kind !== null",
    test: "test/door/unseal.test.ts",
  },
  "a failed restore seals what is open": {
    file: "src/vault/session.ts",
    from: "const root = await this.#presence.tried(() => rootOfCopy(",
    to: 'await this.#holdings.seal(dir, "restore", caller);\n      const root = await this.#presence.tried(() => rootOfCopy(',
    test: "test/door/decisions.test.ts",
  },
  "an error repeats a token": {
    file: "src/vault/gate.ts",
    from: "if (!line || !own) throw invalidToken();",
    to: 'if (!line || !own) throw new ZvaultError("denied", Buffer.from(text ?? []).toString());',
    test: "test/hostile/markers.test.ts",
  },
  "an unknown role is answered before the secret is hashed": {
    file: "src/vault/approle/book.ts",
    from: "    // what has not the shape of one is hashed all the same\n",
    to: "    if (!found) return undefined;\n",
    test: "test/vault/approle-crypto.test.ts",
  },
  "the search for a role ends when it is found": {
    file: "src/vault/approle/book.ts",
    from: "given)) found = one;",
    to: "given)) { found = one; break; }",
    test: "test/vault/approle-crypto.test.ts",
  },
};
