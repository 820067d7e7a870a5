import t from "tap";
import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findFiles } from "../../src/run/files.ts";
import { findProgram } from "../../src/run/program.ts";

const root = realpathSync(mkdtempSync(join(tmpdir(), "zvault-files-")));
t.teardown(() => rmSync(root, { recursive: true, force: true }));
let count = 0;

function failure(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}

/** A folder of its own for a test: HOME, and in it a work tree. */
function home(): string {
  const path = join(root, String(count++));
  mkdirSync(path);
  return path;
}

function put(path: string, text = "A=1\n", mode = 0o644): void {
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, text);
  chmodSync(path, mode);
}

t.test("the files of the nearest folder are read, in the order in which they win", (t) => {
  const at = home();
  for (const name of [
    ".env.local.zvault",
    ".env.zvault",
    ".env.test.zvault",
    ".env.test.local.zvault",
    ".env.other.zvault",
    ".env",
  ])
    put(`${at}/p/${name}`);
  put(`${at}/.env.zvault`);
  mkdirSync(`${at}/p/a/b`, { recursive: true });
  const names = (env?: string) =>
    findFiles({ cwd: `${at}/p/a/b`, home: at, ...(env === undefined ? {} : { env }) }).map((file) => file.label);
  t.same(names(), ["../../.env.zvault", "../../.env.local.zvault"]);
  t.same(names("test"), ["../../.env.zvault", "../../.env.test.zvault", "../../.env.local.zvault", "../../.env.test.local.zvault"]);
  t.throws(() => names("production"), { code: "not-found", message: /\.env\.production\.zvault/ });
  t.end();
});

t.test("the search ends at the top of the git work tree and at HOME", (t) => {
  const at = home();
  put(`${at}/.env.zvault`);
  mkdirSync(`${at}/repo/.git`, { recursive: true });
  mkdirSync(`${at}/repo/src`);
  t.same(findFiles({ cwd: `${at}/repo/src`, home: at }), []);
  put(`${at}/tree/.git`, "gitdir: elsewhere\n");
  mkdirSync(`${at}/tree/src`);
  t.same(findFiles({ cwd: `${at}/tree/src`, home: at }), []);
  put(`${at}/repo/.env.zvault`);
  t.equal(findFiles({ cwd: `${at}/repo/src`, home: at })[0]?.folder, `${at}/repo`);
  mkdirSync(`${at}/user/x`, { recursive: true });
  t.same(findFiles({ cwd: `${at}/user/x`, home: `${at}/user` }), [], "not above HOME");
  t.equal(findFiles({ cwd: `${at}/user/x`, home: "/nowhere" }).length, 1);
  t.end();
});

t.test(
  "an env file in a parent of another owner is refused, and without one the search ends there",
  { skip: process.getuid?.() !== 0 && "not run: needs root" },
  (t) => {
    const at = home();
    mkdirSync(`${at}/theirs/mine`, { recursive: true });
    chownSync(`${at}/theirs`, 4242, 4242);
    put(`${at}/.env.zvault`);
    t.same(findFiles({ cwd: `${at}/theirs/mine`, home: "/nowhere" }), []);
    put(`${at}/theirs/.env.zvault`);
    t.throws(() => findFiles({ cwd: `${at}/theirs/mine`, home: "/nowhere" }), { code: "unsafe-file", message: /another owner/ });
    t.end();
  },
);

t.test("files that are others' to write, links, pipes, devices and large ones are refused by name", (t) => {
  const at = home();
  const refused = (code: string, message: RegExp) => t.throws(() => findFiles({ cwd: at, home: at }), { code, message });
  put(`${at}/.env.zvault`, "A=1\n", 0o666);
  refused("unsafe-file", /\.env\.zvault can be written by everybody/);
  chmodSync(`${at}/.env.zvault`, 0o664);
  t.equal(findFiles({ cwd: at, home: at }).length, 1, "group-writable is normal");
  if (process.getuid?.() === 0) {
    chownSync(`${at}/.env.zvault`, 4242, 4242);
    refused("unsafe-file", /belongs to user 4242/);
  }
  rmSync(`${at}/.env.zvault`);
  symlinkSync("/etc/hostname", `${at}/.env.zvault`);
  refused("unsafe-file", /symbolic link/);
  rmSync(`${at}/.env.zvault`);
  symlinkSync("/nowhere", `${at}/.env.zvault`);
  refused("unsafe-file", /symbolic link/);
  rmSync(`${at}/.env.zvault`);
  execFileSync("mkfifo", [`${at}/.env.zvault`]);
  refused("unsafe-file", /no regular file/);
  rmSync(`${at}/.env.zvault`);
  mkdirSync(`${at}/.env.zvault`);
  refused("unsafe-file", /no regular file/);
  rmSync(`${at}/.env.zvault`, { recursive: true });
  put(`${at}/.env.zvault`, "#".repeat(1024 * 1024 + 1));
  refused("too-large", /1 MiB/);
  t.throws(() => findFiles({ cwd: at, home: at, files: ["/dev/null"] }), { code: "unsafe-file" });
  t.throws(() => findFiles({ cwd: at, home: at, files: ["gone.env"] }), { code: "not-found", names: ["gone.env"] });
  t.end();
});

t.test("-f replaces the set", (t) => {
  const at = home();
  put(`${at}/.env.zvault`);
  put(`${at}/x/a.env`);
  put(`${at}/b.env`);
  t.same(
    findFiles({ cwd: at, home: at, files: ["x/a.env", "./b.env"] }).map((file) => [file.label, file.folder]),
    [
      ["x/a.env", `${at}/x`],
      ["b.env", at],
    ],
  );
  t.end();
});

t.test("a program is found as a shell finds it", (t) => {
  const at = home();
  put(`${at}/one/tool`, "x", 0o644);
  put(`${at}/two/tool`, "#!/bin/sh\n", 0o755);
  mkdirSync(`${at}/three/tool`, { recursive: true });
  t.equal(findProgram("tool", `${at}/three:${at}/one:${at}/two`, at), `${at}/two/tool`);
  t.equal(findProgram("tool", "one:two", at), `${at}/two/tool`, "relative to the working directory");
  t.equal(findProgram("./two/tool", "", at), `${at}/two/tool`);
  t.match(
    failure(() => findProgram("tool", `${at}/one`, at)),
    { exit: 126 },
  );
  t.match(
    failure(() => findProgram("tool", `${at}/three`, at)),
    { exit: 127 },
  );
  t.match(
    failure(() => findProgram("three/tool", "", at)),
    { exit: 126 },
  );
  t.match(
    failure(() => findProgram("no such", "/bin", at)),
    { exit: 127, hint: /sh -c/ },
  );
  t.match(
    failure(() => findProgram("", "/bin", at)),
    { exit: 127 },
  );
  t.end();
});
