/** Whose key files are read: nobody but their owner may be let in, or, by root, one group besides. */
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawnSync } from "node:child_process";
import t from "tap";
import { makeKeyFile } from "../src/key-file.ts";
import { readKeyFile } from "../src/secret-file.ts";

const root = process.geteuid?.() === 0;
const folder = mkdtempSync(join(tmpdir(), "zvault-secret-file-"));
chmodSync(folder, 0o755);
t.teardown(() => rmSync(folder, { recursive: true }));

function file(name: string, mode: number, content: Uint8Array = makeKeyFile()): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

function codeOf(path: string): string {
  try {
    readKeyFile(path).parts[0]?.fill(0);
    return "read";
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

t.test("a file of one's own is read if nobody else may", async (t) => {
  for (const [mode, code] of [
    [0o600, "read"],
    [0o400, "read"],
    [0o440, "unsafe-file"],
    [0o640, "unsafe-file"],
    [0o604, "unsafe-file"],
    [0o620, "unsafe-file"],
    [0o601, "unsafe-file"],
  ] as const)
    t.equal(codeOf(file(`own-${mode.toString(8)}`, mode)), code, mode.toString(8));
});

t.test("what is no key file is none, however long", async (t) => {
  const good = makeKeyFile();
  t.equal(codeOf(file("longer", 0o600, Buffer.concat([good, good]))), "wrong-key");
  t.equal(codeOf(file("shorter", 0o600, good.subarray(0, 40))), "wrong-key");
  t.equal(codeOf(file("empty", 0o600, new Uint8Array())), "wrong-key");
  t.equal(codeOf(folder), "unsafe-file");
});

// systemd's LoadCredential: root's, and the service's user is let in by an access list, which shows as 0440
t.test("a service reads a file of root's that one group is let into", { skip: root ? false : "not run: needs root" }, async (t) => {
  const service = 65534;
  const place = (name: string, mode: number, uid: number, gid: number): string => {
    const path = file(name, mode);
    chownSync(path, uid, gid);
    return path;
  };
  const paths = [
    place("a-root-0440", 0o440, 0, service),
    place("b-root-0640", 0o640, 0, service),
    place("c-own-0400", 0o400, service, service),
    place("d-own-0440", 0o440, service, service),
    place("e-root-0444", 0o444, 0, service),
    place("f-root-0460", 0o460, 0, service),
    place("g-other-0444", 0o444, 1, service),
    place("h-other-0440", 0o440, 1, service),
    place("i-root-0400", 0o400, 0, 0),
  ];
  const script = `
    import { readKeyFile } from ${JSON.stringify(join(import.meta.dirname, "../src/secret-file.ts"))};
    const codes = process.argv.slice(1).map((path) => {
      try { return readKeyFile(path).parts.length === 1 ? "read" : "?"; } catch (error) { return error.hint?.startsWith("as root: chmod 440") ? "as-root" : error.code; }
    });
    console.log(codes.join(" "));`;
  const { stdout, stderr } = spawnSync(process.execPath, ["--no-warnings", "--input-type=module", "-e", script, ...paths], {
    uid: service,
    gid: service,
    env: {},
    encoding: "utf8",
  });
  t.equal(stdout.trim(), "read read read unsafe-file as-root as-root unsafe-file unsafe-file unsafe-file", stderr);
});
