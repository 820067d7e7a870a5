import { closeSync, fstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { nameFile, openUnnamed } from "../../src/sys/unnamed.ts";

t.test("a file without a name is nowhere, until it is named, and then whole and private", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "zvault-unnamed-"));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const fd = openUnnamed(folder);
  if (fd === undefined) return t.end();
  writeSync(fd, "content");
  t.same(readdirSync(folder), []);
  t.equal(fstatSync(fd).mode & 0o777, 0o600);
  nameFile(fd, join(folder, "name"));
  t.equal(readFileSync(join(folder, "name"), "utf8"), "content");
  t.throws(() => nameFile(fd, join(folder, "name")), /EEXIST/);
  closeSync(fd);
  t.end();
});

t.test("one that is closed without a name leaves nothing", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "zvault-unnamed-"));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const fd = openUnnamed(folder);
  if (fd !== undefined) {
    writeSync(fd, "content");
    closeSync(fd);
  }
  t.same(readdirSync(folder), []);
  t.throws(() => openUnnamed(join(folder, "none")), /ENOENT/);
  t.end();
});
