import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import { join } from "node:path";
import t from "tap";
import { type Located, locateVault, placesOf } from "../src/locate.ts";
import { socketPath } from "../src/runtime-folder.ts";
import { printHeader } from "../src/vault/header.ts";
import { printKnown } from "../src/vault/known.ts";

type World = {
  base: string;
  home: string;
  places: { config: string; state: string; runtime: string };
  find(cwd: string, more?: object): Located | undefined;
};

function world(t: Tap): World {
  const base = fs.realpathSync(fs.mkdtempSync(join(os.tmpdir(), "zvl-")));
  t.teardown(() => fs.rmSync(base, { recursive: true, force: true }));
  const home = `${base}/home`;
  fs.mkdirSync(home);
  const places = { config: `${base}/c`, state: `${base}/s`, runtime: `${base}/r` };
  return { base, home, places, find: (cwd, more = {}) => locateVault({ cwd, places, home, ...more }) };
}

type Tap = { teardown(act: () => void): void };

const id = (digit: string): string => digit.repeat(32);

/** A folder with the header of a log in it: all that a client looks at. */
function vaultIn(folder: string, vault = id("a")): string {
  fs.mkdirSync(`${folder}/.zvault`, { recursive: true, mode: 0o700 });
  fs.writeFileSync(`${folder}/.zvault/vault`, printHeader({ id: vault, lineage: id("b"), generation: 1, first: 1 }), {
    mode: 0o600,
  });
  return `${folder}/.zvault`;
}

function know({ places }: World, vault: string, dir: string): void {
  fs.mkdirSync(places.state, { recursive: true });
  fs.writeFileSync(`${places.state}/known`, printKnown([{ id: vault, dir }]));
}

t.test("the nearest vault above is found, with id, device and inode", async (t) => {
  const w = world(t);
  const dir = vaultIn(`${w.home}/shop`);
  fs.mkdirSync(`${w.home}/shop/packages/api`, { recursive: true });
  const found = w.find(`${w.home}/shop/packages/api`);
  const { dev, ino } = fs.statSync(`${dir}/vault`, { bigint: true });
  t.strictSame(found, { dir, id: id("a"), dev: String(dev), ino: String(ino), root: `${w.home}/shop`, how: "ancestor" });
  vaultIn(`${w.home}/shop/packages`, id("c"));
  t.equal(w.find(`${w.home}/shop/packages/api`)?.id, id("c"));
  t.equal(w.find(w.home), undefined);
});

t.test("through a link in the way to the folder the real path is named", async (t) => {
  const w = world(t);
  vaultIn(`${w.home}/shop`);
  fs.symlinkSync(`${w.home}/shop`, `${w.home}/link`);
  t.equal(w.find(`${w.home}/link`)?.root, `${w.home}/shop`);
});

t.test("the search ends at HOME and at a change of owner", async (t) => {
  const w = world(t);
  vaultIn(w.base);
  fs.mkdirSync(`${w.home}/shop`);
  t.equal(w.find(`${w.home}/shop`), undefined, "what is above HOME is not asked");
  t.equal(w.find(`${w.home}/shop`, { home: "/nowhere" })?.root, w.base);
  if (process.geteuid?.() !== 0) return t.comment("not run: chown needs root");
  fs.chownSync(w.base, 65534, 65534);
  t.equal(w.find(`${w.home}/shop`, { home: "/nowhere" }), undefined, "another owner's folder is not asked");
});

t.test("--vault names the folder or its .zvault, and nothing else is searched", async (t) => {
  const w = world(t);
  vaultIn(`${w.home}/shop`);
  vaultIn(`${w.home}/other`, id("d"));
  for (const dir of ["../other", `${w.home}/other`, "../other/.zvault"])
    t.match(w.find(`${w.home}/shop`, { dir }), { id: id("d"), how: "flag" });
  t.throws(() => w.find(`${w.home}/shop`, { dir: "none" }), { code: "no-vault" });
  fs.mkdirSync(`${w.home}/empty/.zvault`, { recursive: true, mode: 0o700 });
  t.throws(() => w.find(`${w.home}/shop`, { dir: "../empty" }), { code: "no-vault" });
});

t.test("a .zvault that is a link, a file, others' to write, or somebody else's is refused", async (t) => {
  const w = world(t);
  const dir = vaultIn(`${w.home}/real`);
  const folder = (name: string): string => {
    fs.mkdirSync(`${w.home}/${name}`);
    return `${w.home}/${name}`;
  };
  fs.symlinkSync(dir, `${folder("link")}/.zvault`);
  t.throws(() => w.find(`${w.home}/link`), { code: "unsafe-file", message: /symbolic link/ });
  fs.writeFileSync(`${folder("file")}/.zvault`, "");
  t.throws(() => w.find(`${w.home}/file`), { code: "unsafe-file", message: /no folder/ });
  fs.chmodSync(vaultIn(folder("open")), 0o777);
  t.throws(() => w.find(`${w.home}/open`), { code: "unsafe-file", message: /others/ });
  const inner = (name: string, make: (path: string) => void): string => {
    const path = `${vaultIn(folder(name))}/vault`;
    fs.rmSync(path);
    make(path);
    return `${w.home}/${name}`;
  };
  const at = [
    inner("vault-link", (path) => fs.symlinkSync(`${dir}/vault`, path)),
    inner("vault-folder", (path) => fs.mkdirSync(path)),
    inner("vault-fifo", (path) => execFileSync("mkfifo", [path])),
  ];
  for (const cwd of at) t.throws(() => w.find(cwd), { code: "unsafe-file" }, cwd);
  t.throws(() => w.find(inner("short", (path) => fs.writeFileSync(path, "zvault"))), { code: "damaged" });
  t.throws(() => w.find(inner("text", (path) => fs.writeFileSync(path, "x".repeat(200)))), { code: "damaged" });
  if (process.geteuid?.() !== 0) return t.comment("not run: chown needs root");
  fs.chownSync(dir, 65534, 65534);
  t.throws(() => w.find(`${w.home}/real`), { code: "unsafe-file", message: /another user/ });
});

t.test("a vault that was here and is gone is said to be gone, with its mirror", async (t) => {
  const w = world(t);
  const dir = vaultIn(`${w.home}/shop`);
  know(w, id("a"), dir);
  fs.rmSync(`${dir}/vault`);
  t.throws(() => w.find(`${w.home}/shop`), { code: "gone", hint: /backup restore --from FILE/ }, "the file only");
  fs.rmSync(dir, { recursive: true });
  fs.mkdirSync(`${w.places.state}/mirror/${id("a")}-01234567`, { recursive: true });
  fs.writeFileSync(`${w.places.state}/mirror/${id("a")}-01234567/vault`, "");
  t.throws(
    () => w.find(`${w.home}/shop`, { headId: id("a") }),
    { code: "gone", hint: /an encrypted copy from .*: run `zvault backup restore`/ },
    "git clean -fdx",
  );
  t.throws(() => w.find(w.home, { dir: "shop" }), { code: "gone" });
  t.equal(w.find(`${w.home}/shop`), undefined, "nobody asks for it");
  vaultIn(w.home, id("e"));
  fs.mkdirSync(`${w.home}/shop/sub`);
  t.throws(() => w.find(`${w.home}/shop/sub`, { headId: id("a") }), { code: "gone" });
});

t.test("the head of .env.zvault finds a known vault, and no other", async (t) => {
  const w = world(t);
  const dir = vaultIn(`${w.home}/shop`);
  fs.mkdirSync(`${w.home}/elsewhere`);
  t.equal(w.find(`${w.home}/elsewhere`, { headId: id("a") }), undefined, "not known");
  know(w, id("a"), dir);
  t.match(w.find(`${w.home}/elsewhere`, { headId: id("a") }), { dir, how: "known" });
  t.equal(w.find(`${w.home}/elsewhere`, { headId: id("9") }), undefined);
  t.equal(w.find(`${w.home}/elsewhere`), undefined);
  fs.rmSync(dir, { recursive: true });
  t.throws(() => w.find(`${w.home}/elsewhere`, { headId: id("a") }), { code: "gone", names: [dir] });
  vaultIn(`${w.home}/shop`, id("7"));
  t.throws(() => w.find(`${w.home}/elsewhere`, { headId: id("a") }), { code: "gone" }, "another vault stands there now");
});

t.test("a linked worktree uses the main checkout's vault, if git says it is one", async (t) => {
  const w = world(t);
  const main = `${w.home}/main`;
  const git = (cwd: string, ...args: string[]): void =>
    void execFileSync("git", args, { cwd, stdio: "ignore", env: { PATH: process.env["PATH"], HOME: w.home } });
  fs.mkdirSync(main);
  git(main, "init", "-q");
  git(main, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "x");
  git(main, "worktree", "add", "-q", "../feature");
  vaultIn(main);
  fs.mkdirSync(`${w.home}/feature/src`);
  t.match(w.find(`${w.home}/feature/src`), { root: main, how: "worktree" });

  fs.mkdirSync(`${w.home}/thief`);
  fs.copyFileSync(`${w.home}/feature/.git`, `${w.home}/thief/.git`);
  t.equal(w.find(`${w.home}/thief`), undefined, "a copied .git file is not the one the repository names");
  fs.symlinkSync(`${w.home}/feature/.git`, `${fs.mkdtempSync(`${w.home}/l`)}/.git`);
  for (const name of fs.readdirSync(w.home).filter((one) => one.startsWith("l")))
    t.equal(w.find(`${w.home}/${name}`), undefined, "a link to it neither");

  const forged = `${w.home}/forged`;
  fs.mkdirSync(`${forged}/fake/worktrees/x`, { recursive: true });
  fs.writeFileSync(`${forged}/.git`, `gitdir: ${main}/.git\n`);
  t.equal(w.find(forged), undefined, "not in a worktrees folder");
  fs.writeFileSync(`${forged}/.git`, `gitdir: ${forged}/fake/worktrees/x\n`);
  fs.writeFileSync(`${forged}/fake/worktrees/x/gitdir`, `${forged}/.git\n`);
  t.equal(w.find(forged), undefined, "a repository without a checkout");
  fs.rmSync(`${w.home}/feature/.git`);
  execFileSync("mkfifo", [`${w.home}/feature/.git`]);
  t.equal(w.find(`${w.home}/feature`), undefined, "a FIFO does not hang");
});

t.test("places follow the XDG base directories, and never /tmp", async (t) => {
  t.strictSame(placesOf({ HOME: "/home/a", XDG_RUNTIME_DIR: "/run/user/7/" }), {
    config: "/home/a/.config/zvault",
    state: "/home/a/.local/state/zvault",
    runtime: "/run/user/7/zvault",
  });
  t.match(placesOf({ HOME: "/home/a", XDG_CONFIG_HOME: "/c", XDG_STATE_HOME: "/s", XDG_RUNTIME_DIR: "/r" }), {
    config: "/c/zvault",
    state: "/s/zvault",
  });
  t.match(placesOf({ HOME: "/home/a", XDG_CONFIG_HOME: "c", XDG_STATE_HOME: "", XDG_RUNTIME_DIR: "r" }), {
    config: "/home/a/.config/zvault",
    state: "/home/a/.local/state/zvault",
  });
  const uid = process.geteuid?.() ?? 0;
  const usual = fs.existsSync(`/run/user/${uid}`);
  t.equal(placesOf({ HOME: "/home/a" }).runtime, usual ? `/run/user/${uid}/zvault` : "/home/a/.local/state/zvault/run");
  t.throws(() => placesOf({ HOME: "relative" }), { code: "no-runtime" });
  t.throws(() => socketPath(`/${"x".repeat(100)}`), { code: "no-runtime", hint: /XDG_RUNTIME_DIR/ });
});
