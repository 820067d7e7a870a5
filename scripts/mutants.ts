/**
 * Mutants: one small sabotage each, and the test that must find it. `node scripts/mutants.ts [NAME…]` applies them one at a time to a copy
 * of the sources, runs the named tests there, and says which survived; exit code 1 if any did. Part of `npm run test:slow`.
 * `node scripts/mutants.ts --check` only says which do not fit the sources any more.
 */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

type Mutant = { file: string; from: string; to: string; test: string };

const root = join(import.meta.dirname, "..");

const mutants: Record<string, Mutant> = {
  "no fdatasync": {
    file: "src/vault/group-sync.ts",
    from: "const running = this.#sync()",
    to: "const running = Promise.resolve()",
    test: "test/crash/crash.test.ts",
  },
  "no directory fsync at rename": {
    file: "src/vault/io.ts",
    from: "  await io.syncFolder(folderOf(path));\n",
    to: "",
    test: "test/crash/crash.test.ts",
  },
  "rename before fsync": {
    file: "src/vault/io.ts",
    from: "    writeAll(io, fd, content, 0);\n    await io.sync(fd);",
    to: "    writeAll(io, fd, content, 0);",
    test: "test/crash/crash.test.ts",
  },
  "fixed nonce": {
    file: "src/vault/record.ts",
    from: "setUint32(8, cell)",
    to: "setUint32(8, 0)",
    test: "test/vault/golden.test.ts",
  },
  "cached salt": {
    file: "src/vault/record.ts",
    from: "    add(random(32));\n    addNumber(sequence);\n    addNumber(meta.length);\n    add(meta);",
    to: "    addNumber(sequence);\n    return;",
    test: "test/vault/record.test.ts",
  },
  "salt without the kernel's bytes": {
    file: "src/vault/record.ts",
    from: "    add(random(32));\n",
    to: "",
    test: "test/vault/record.test.ts",
  },
  "no prev in the audit chain": {
    file: "src/vault/audit-line.ts",
    from: "if (found[1] !== prev)",
    to: "if (found[1] === undefined)",
    test: "test/vault/audit.test.ts",
  },
  "chain of records unchecked": {
    file: "src/vault/frames.ts",
    from: 'window.text.toString("hex", at + prevAt.start, at + prevAt.end) !== chain',
    to: "chain.length !== 64",
    test: "test/vault/damage.test.ts",
  },
  "head unchecked": {
    file: "src/vault/recovery.ts",
    from: "  if (o.acceptRollback) return [];",
    to: "  if (o.path) return [];",
    test: "test/vault/damage.test.ts",
  },
  "keys-epoch unchecked": {
    file: "src/vault/open.ts",
    from: "if (keys.epoch === epoch && hex(sha256(keys.bytes)) === sum) return;",
    to: "if (keys.epoch >= 0) return;",
    test: "test/vault/golden.test.ts",
  },
  "MAC of keys unchecked": {
    file: "src/vault/keys.ts",
    from: 'if (!fits) refuse("was changed',
    to: 'if (!fits && false) refuse("was changed',
    test: "test/vault/damage.test.ts",
  },
  "policy skipped": {
    file: "src/vault/policy/ruleset.ts",
    from: "needs.every((one) => rule.granted.has(one))",
    to: "needs.length >= 0",
    test: "test/vault/policy/decisions.test.ts",
  },
  "policy: an exact path does not stand first": {
    file: "src/vault/policy/ruleset.ts",
    from: "if (one.pattern.exact) this.#exact",
    to: "if (one.pattern.exact && one.policies.length > 9) this.#exact",
    test: "test/vault/policy/decisions.test.ts",
  },
  "policy: the earlier wildcard wins": {
    file: "src/vault/policy/pattern.ts",
    from: 'by: "later-wildcard", order: b.first - a.first',
    to: 'by: "later-wildcard", order: a.first - b.first',
    test: "test/vault/policy/decisions.test.ts",
  },
  "policy: a glob before what is none": {
    file: "src/vault/policy/pattern.ts",
    from: "order: Number(a.glob) - Number(b.glob)",
    to: "order: Number(b.glob) - Number(a.glob)",
    test: "test/vault/policy/decisions.test.ts",
  },
  "policy: more + win": {
    file: "src/vault/policy/pattern.ts",
    from: "order: a.plus - b.plus",
    to: "order: b.plus - a.plus",
    test: "test/vault/policy/decisions.test.ts",
  },
  "policy: the shorter pattern wins": {
    file: "src/vault/policy/pattern.ts",
    from: "order: b.text.length - a.text.length",
    to: "order: a.text.length - b.text.length",
    test: "test/vault/policy/decisions.test.ts",
  },
  "policy: the other letter wins": {
    file: "src/vault/policy/pattern.ts",
    from: "a.text > b.text ? -1 : 1",
    to: "a.text > b.text ? 1 : -1",
    test: "test/vault/policy/decisions.test.ts",
  },
  "policy: equal patterns are not merged": {
    file: "src/vault/policy/ruleset.ts",
    from: "const one = merged.get(path) ?? {",
    to: "const one = {",
    test: "test/vault/policy/decisions.test.ts",
  },
  "policy: deny does not win": {
    file: "src/vault/policy/ruleset.ts",
    from: '!rule.granted.has("deny") && ',
    to: "",
    test: "test/vault/policy/decisions.test.ts",
  },
  "policy: + goes beyond its segment": {
    file: "src/vault/policy/pattern.ts",
    from: '"[^/]+"',
    to: '".+"',
    test: "test/vault/policy/decisions.test.ts",
  },
  "policy: + stands for nothing, too": {
    file: "src/vault/policy/pattern.ts",
    from: '"[^/]+"',
    to: '"[^/]*"',
    test: "test/vault/policy/decisions.test.ts",
  },
  "policy: a dot is any character": {
    file: "src/vault/policy/pattern.ts",
    from: 'part.replaceAll(".", "\\\\.")',
    to: "part",
    test: "test/vault/policy/decisions.test.ts",
  },
  "policy: LIST asks for the folder only": {
    file: "src/vault/policy/ruleset.ts",
    from: "(asked === other ? undefined : this.#wild.find((one) => one.pattern.matches(other)))",
    to: "undefined",
    test: "test/vault/policy/decisions.test.ts",
  },
  "policy: LIST asks for the name first": {
    file: "src/vault/policy/ruleset.ts",
    from: 'return [name === "" ? "" : `${name}/`, name];',
    to: 'return [name, name === "" ? "" : `${name}/`];',
    test: "test/vault/policy/decisions.test.ts",
  },
  "policy: an unknown attribute is ignored": {
    file: "src/vault/policy/parse.ts",
    from: 'if (attribute.text !== "capabilities")',
    to: 'if (attribute.text === "")',
    test: "test/vault/policy/parse.test.ts",
  },
  "policy: text behind its end is ignored": {
    file: "src/vault/policy/parse.ts",
    from: 'if (this.#next.kind !== "end") throw',
    to: 'if (this.#next.text === "x") throw',
    test: "test/vault/policy/parse.test.ts",
  },
  "policy: a look-alike is a name": {
    file: "src/vault/name.ts",
    from: "if (/[^\\x20-\\x7e]/.test(text))",
    to: 'if (text === "\\0")',
    test: "test/vault/policy/parse.test.ts",
  },
  "policy: compiled once for all": {
    file: "src/vault/policy/book.ts",
    from: "if (kept && kept.entries.every((entry, at) => entry === entries[at]))",
    to: "if (kept && entries)",
    test: "test/vault/rights.test.ts",
  },
  "policy: not asked again before the answer": {
    file: "src/vault/gate.ts",
    from: "if (sameRights(call.rights, rights) || (own && isOwnAffair(verb, call.args))) return call;",
    to: "if (rights) return call;",
    test: "test/vault/rights.test.ts",
  },
  "policy: a sign takes nothing away": {
    file: "src/vault/rights.ts",
    from: 'const asTool = caller.verdict === "sign" &&',
    to: 'const asTool = caller.verdict !== "sign" &&',
    test: "test/vault/rights.test.ts",
  },
  "policy: one layer of a token is enough": {
    file: "src/vault/rights.ts",
    from: "const refused = decisions.find((one) => !one.allowed);",
    to: "const refused = decisions.find((one) => !one.allowed && decisions.length === 1);",
    test: "test/vault/rights.test.ts",
  },
  "policy: a list shows what is denied": {
    file: "src/vault/handlers.ts",
    from: "secrets.filter((one) => mayList(rights, one.path))",
    to: "secrets.filter((one) => mayList(rights, one.path) || one.path)",
    test: "test/vault/rights.test.ts",
  },
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
  "an end of many beginnings is gone through": {
    file: "src/vault/frames.ts",
    from: "if (worth < 0 || checkedAt(window, offset, size)) return offset;",
    to: "if (worth < 0) break;",
    test: "test/vault/damage.test.ts",
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
  "read-back skipped": {
    file: "src/vault/engines/project.ts",
    from: "const wrong = barrier.readBack(record, cells, values);",
    to: "const wrong = [record, cells, values].length > 3 ? 0 : undefined;",
    test: "test/vault/import.test.ts",
  },
  "every comparison is equal": {
    file: "src/crypto/equal.ts",
    from: "return a.length === b.length && timingSafeEqual(a, b);",
    to: "return a.length === b.length && (timingSafeEqual(a, b) || a.length > 0);",
    test: "test/vault/damage.test.ts",
  },
  "a test looks at no head": {
    file: "src/vault/trial.ts",
    from: "const head = headAt(io, path, ref.id, keyring);",
    to: "const head = headAt(io, `${path}-none`, ref.id, keyring);",
    test: "test/vault/trial.test.ts",
  },
  "a wrong credential of a test is not noted": {
    file: "src/vault/trial.ts",
    from: "    noteTry(holdings.world, ref, credential.kind, failure, caller);\n",
    to: "",
    test: "test/vault/trial.test.ts",
  },
  "others find a vault that is open for one request": {
    file: "src/vault/holdings.ts",
    from: "this.#passing.add(vault);",
    to: "this.vaults.set(ref.dir, { vault, lease: new Lease({ lifetime: 1e9, idle: 1e9 }, () => 0), since: new Date(0) });",
    test: "test/vault/once.test.ts",
  },
  "a vault stays open after its one request": {
    file: "src/vault/holdings.ts",
    from: '      await vault.seal("done");\n',
    to: "",
    test: "test/vault/once.test.ts",
  },
  "a key file of a run is not proven while the vault is open": {
    file: "src/vault/gate.ts",
    from: "const proves = proven === undefined &&",
    to: "const proves = proven !== undefined &&",
    test: "test/vault/once.test.ts",
  },
  "a key file counts for an AI tool": {
    file: "src/vault/gate.ts",
    from: 'credential.kind !== "token" && caller.verdict !== "sign"',
    to: 'credential.kind !== "token"',
    test: "test/vault/once.test.ts",
  },
  "a group may read a key file of one's own": {
    file: "src/secret-file.ts",
    from: "uid === 0 && process.geteuid?.() !== 0 ?",
    to: "uid === 0 || process.geteuid?.() === 0 ?",
    test: "test/secret-file.test.ts",
  },
  "a backup is not read back": {
    file: "src/vault/backup.ts",
    from: "const read = readBack(vault.io, out, whole);",
    to: "const read = whole;",
    test: "test/vault/backup.test.ts",
  },
  "a backup is not opened": {
    file: "src/vault/copy.ts",
    from: "const records = barrier.verify();",
    to: "const { records } = barrier;",
    test: "test/vault/backup.test.ts",
  },
  "whatever opens it, it stays open for a day": {
    file: "src/vault/lease.ts",
    from: 'return kind === "key-file" || kind === "shares" ? leases[kind] : leases.passphrase;',
    to: "return leases[kind as never] ? leases.passphrase : leases.passphrase;",
    test: "test/vault/lease.test.ts",
  },
  "who was removed keeps the data key": {
    file: "src/vault/engines/access.ts",
    from: "await vault.replaceKeys(receipt, { slots: made.slots, root, term });",
    to: "await vault.replaceKeys(receipt, { slots: made.slots, root });",
    test: "test/vault/access.test.ts",
  },
  "the generation before stays after a removal": {
    file: "src/vault/handlers.ts",
    from: "const result = await vault.alone(() => access.remove(holdings, vault, receipt, args));\n    return { result, after: () => vault.alone(() => vault.compact(false)) };",
    to: "const result = await vault.alone(() => access.remove(holdings, vault, receipt, args));\n    return { result, after: () => vault.alone(() => vault.compact(true)) };",
    test: "test/vault/access.test.ts",
  },
  "the last way to unseal can be taken away": {
    file: "src/vault/engines/access.ts",
    from: "if (!opensHere(rest)) {",
    to: "if (rest.length > 99) {",
    test: "test/vault/access.test.ts",
  },
  "a newer head is thrown away by --accept-rollback": {
    file: "src/vault/open.ts",
    from: 'const newer = failure instanceof ZvaultError && failure.code === "newer-format";',
    to: "const newer = false;",
    test: "test/vault/newer.test.ts",
  },
  "foreign folders are believed": {
    file: "src/vault/standing.ts",
    from: 'if (!first) return { kind: "unknown" };',
    to: 'if (!first) return { kind: "known" };',
    test: "test/vault/standing.test.ts",
  },
};

function apply(folder: string, mutant: Mutant): void {
  const path = join(folder, mutant.file);
  if (!fits(folder, mutant)) throw new Error(`${mutant.file} does not hold exactly once: ${mutant.from}`);
  writeFileSync(
    path,
    readFileSync(path, "utf8").replace(mutant.from, () => mutant.to),
  );
}

function fits(folder: string, { file, from, test }: Mutant): boolean {
  return existsSync(join(folder, test)) && readFileSync(join(folder, file), "utf8").split(from).length === 2;
}

/** True when the test passes. */
function passes(folder: string, test: string): boolean {
  const tap = join(root, "node_modules/.bin/tap");
  const { status } = spawnSync(tap, ["--reporter=silent", test], { cwd: folder, stdio: "ignore", timeout: 300_000 });
  return status === 0;
}

if (process.argv[2] === "--check") {
  const lost = Object.entries(mutants).filter(([, mutant]) => !fits(root, mutant));
  for (const [name, { file }] of lost) console.log(`${name}: ${file} is another now`);
  console.log(`${Object.keys(mutants).length} mutants, ${lost.length} do not fit`);
  process.exit(lost.length === 0 ? 0 : 1);
}

let survived = 0;
const wanted = process.argv.slice(2);
for (const [name, mutant] of Object.entries(mutants)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const folder = mkdtempSync(join(tmpdir(), "zvault-mutant-"));
  try {
    for (const part of ["src", "test", "scripts", "package.json", "tsconfig.json", "docs"])
      cpSync(join(root, part), join(folder, part), { recursive: true });
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
    apply(folder, mutant);
    const killed = !passes(folder, mutant.test);
    if (!killed) survived += 1;
    console.log(`${killed ? "killed  " : "SURVIVED"}  ${name.padEnd(42)} ${mutant.test}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
console.log(`${survived === 0 ? "no mutant" : `${survived} mutants`} survived`);
process.exitCode = survived === 0 ? 0 : 1;
