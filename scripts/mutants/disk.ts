/** What is on disk: order of syncs, records, heads, keys. */
import type { Mutants } from "./mutant.ts";

export const disk: Mutants = {
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
    file: "src/vault/cell.ts",
    from: "setUint32(8, cell)",
    to: "setUint32(8, 0)",
    test: "test/vault/golden.test.ts",
  },
  "cached salt": {
    file: "src/vault/cell.ts",
    from: "    add(random(32));\n    addNumber(sequence);\n    addNumber(meta.length);\n    add(meta);",
    to: "    addNumber(sequence);\n    return;",
    test: "test/vault/record.test.ts",
  },
  "salt without the kernel's bytes": {
    file: "src/vault/cell.ts",
    from: "    add(random(32));\n",
    to: "",
    test: "test/vault/record.test.ts",
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
  "an end of many beginnings is gone through": {
    file: "src/vault/frames.ts",
    from: "if (worth < 0 || checkedAt(window, offset, size)) return offset;",
    to: "if (worth < 0) break;",
    test: "test/vault/damage.test.ts",
  },
  "read-back skipped": {
    file: "src/vault/engines/import.ts",
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
  "a newer head is thrown away by --accept-rollback": {
    file: "src/vault/open.ts",
    from: 'const newer = failure instanceof ZvaultError && failure.code === "newer-format";',
    to: "const newer = false;",
    test: "test/vault/newer.test.ts",
  },
};
