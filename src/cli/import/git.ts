/**
 * What git says about the files of an import: tracked, in its history, ignored. Only `import` runs git, and never as the folder says: a
 * repository's configuration is input. Plumbing that reads neither work tree nor hooks nor filters, with what could start a program
 * switched off, in an environment of our own.
 */
import { spawnSync } from "node:child_process";
import { accessSync, constants, lstatSync, realpathSync, statSync } from "node:fs";
import { dirname, isAbsolute, sep } from "node:path";
import { mainWorktree } from "../../worktree.ts";

export type History = { commits: number; first: Date };

const safe = [
  "--no-pager",
  ...[
    "core.fsmonitor=",
    "core.hooksPath=/dev/null",
    "core.sshCommand=false",
    "core.gitProxy=",
    "core.askPass=",
    "credential.helper=",
    "diff.external=",
    "log.showSignature=false",
    "gpg.program=false",
    "protocol.allow=never",
    "safe.bareRepository=explicit",
  ].flatMap((one) => ["-c", one]),
];
const patience = 20_000;
/** more versions of one file than this are not read: all its names count as seen */
const mostVersions = 500;
const largestVersion = 1024 * 1024;

/** Outside of every git work tree, without git, or where git refuses: `undefined`, and `why` for the last. */
export function openGit(folder: string, env: NodeJS.ProcessEnv): { git?: Git; why?: string } {
  const program = findGit(env["PATH"]);
  if (program === undefined) return {};
  const asked = run(program, folder, env, ["rev-parse", "--is-inside-work-tree", "--show-toplevel"]);
  const [inside, top] = asked.stdout.toString("utf8").split("\n");
  if (asked.status === 0 && inside === "true" && top !== undefined && isAbsolute(top))
    return { git: new Git(program, folder, top, env) };
  if (!hasGit(folder)) return {};
  const why = asked.stderr.toString("utf8").split("\n")[0]?.slice(0, 200) ?? "";
  return inside === "false" ? {} : { why: why === "" ? "git does not answer" : why };
}

export class Git {
  readonly #program: string;
  readonly #folder: string;
  readonly #env: NodeJS.ProcessEnv;
  /** real path of the top of the work tree */
  readonly top: string;

  constructor(program: string, folder: string, top: string, env: NodeJS.ProcessEnv) {
    this.#program = program;
    this.#folder = folder;
    this.#env = env;
    this.top = realpathSync(top);
  }

  /** Those of `paths` (relative to the folder) that are in the index. */
  tracked(paths: readonly string[]): Set<string> {
    const { status, stdout } = this.#run(["--literal-pathspecs", "ls-files", "-z", "--cached", "--", ...paths]);
    return new Set(status === 0 ? fields(stdout) : []);
  }

  /** Commits of all branches, tags and stashes, and of what the reflog still knows, that touched a path; undefined: git cannot tell. */
  history(paths: readonly string[]): Map<string, History> | undefined {
    const found = new Map<string, History>();
    if (this.#revisions(paths)?.length === 0) return found;
    for (const path of paths) {
      const times = this.#revisions([path]);
      if (times === undefined) return undefined;
      if (times.length > 0) {
        const first = times.reduce((least, one) => Math.min(least, one.time), Infinity);
        found.set(path, { commits: times.length, first: new Date(first * 1000) });
      }
    }
    return found;
  }

  /** The bytes that a path had in its commits, and in the index; undefined: more than are read. */
  versions(path: string): Uint8Array[] | undefined {
    const commits = this.#revisions([path]);
    if (commits === undefined || commits.length > mostVersions) return undefined;
    const names = [...commits.map((one) => `${one.id}:./${path}`), `:./${path}`];
    if (path.includes("\n")) return undefined;
    const input = Buffer.from(names.map((name) => `${name}\n`).join(""));
    const sizes = this.#run(["cat-file", "--batch-check=%(objectname) %(objecttype) %(objectsize)"], input);
    if (sizes.status !== 0) return undefined;
    const blobs = new Map<string, number>();
    for (const line of sizes.stdout.toString("latin1").split("\n")) {
      const [, id, size] = /^([0-9a-f]{40,64}) blob (\d+)$/.exec(line) ?? [];
      if (id !== undefined) blobs.set(id, Number(size));
    }
    if ([...blobs.values()].some((size) => size > largestVersion)) return undefined;
    return this.#blobs(blobs);
  }

  /** path → the pattern that ignores it and the file it stands in; what no pattern ignores is not in it. */
  ignored(paths: readonly string[]): Map<string, { source: string; pattern: string }> {
    const found = new Map<string, { source: string; pattern: string }>();
    if (paths.length === 0) return found;
    const input = Buffer.from(paths.map((path) => `${path}\0`).join(""));
    const { stdout } = this.#run(["check-ignore", "-z", "-v", "--no-index", "--stdin"], input);
    const all = fields(stdout);
    for (let at = 0; at + 3 < all.length; at += 4) {
      const [source = "", , pattern = "", path = ""] = all.slice(at, at + 4);
      if (!pattern.startsWith("!")) found.set(path, { source, pattern });
    }
    return found;
  }

  /**
   * `git rm --cached`. False: nothing was changed. Whoever writes an index looks at files that were changed in the same moment, by way of
   * the filters that attributes and configuration name: all of them are switched off.
   */
  untrack(paths: readonly string[]): boolean {
    const listed = this.#run(["config", "--list", "--null", "--name-only"]);
    if (listed.status !== 0) return false;
    const drivers = new Set(fields(listed.stdout).flatMap((name) => /^filter\.(.+)\.[^.]+$/s.exec(name)?.[1] ?? []));
    // -c ends a name at its first "="
    if ([...drivers].some((name) => name.includes("="))) return false;
    const off = [...drivers].flatMap((name) =>
      ["clean=", "smudge=", "process=", "required=false"].flatMap((what) => ["-c", `filter.${name}.${what}`]),
    );
    return this.#run([...off, "update-index", "--force-remove", "--", ...paths]).status === 0;
  }

  /**
   * Whether the repository is this folder's own: a `.git` file may name anybody's, and changing that one's index is not what was asked
   * for. A folder `.git`, a linked worktree that its repository knows, a submodule of a repository around it.
   */
  get own(): boolean {
    const { status, stdout } = this.#run(["rev-parse", "--absolute-git-dir"]);
    const place = stdout.toString("utf8").trim();
    // git writes through a link in the place of the index
    if (status !== 0 || lstatSync(`${place}/index`, { throwIfNoEntry: false })?.isSymbolicLink() === true) return false;
    const dot = `${this.top}/.git`;
    const found = lstatSync(dot, { throwIfNoEntry: false });
    if (found?.isDirectory() === true) return found.uid === process.geteuid?.();
    if (mainWorktree(this.top) !== undefined) return true;
    for (let at = dirname(this.top); ; at = dirname(at)) {
      if (place.startsWith(`${at === sep ? "" : at}/.git/modules/`)) return true;
      if (at === dirname(at)) return false;
    }
  }

  #revisions(paths: readonly string[]): { id: string; time: number }[] | undefined {
    const { status, stdout } = this.#run(["--literal-pathspecs", "rev-list", "--all", "--reflog", "--timestamp", "--", ...paths]);
    if (status !== 0) return undefined;
    return stdout
      .toString("latin1")
      .split("\n")
      .flatMap((line) => {
        const [, time, id] = /^(\d+) ([0-9a-f]{40,64})$/.exec(line) ?? [];
        return id === undefined ? [] : [{ id, time: Number(time) }];
      });
  }

  #blobs(sizes: ReadonlyMap<string, number>): Uint8Array[] | undefined {
    const { status, stdout } = this.#run(["cat-file", "--batch"], Buffer.from([...sizes.keys()].map((id) => `${id}\n`).join("")));
    if (status !== 0) return undefined;
    const found: Uint8Array[] = [];
    let at = 0;
    for (const [id, size] of sizes) {
      const head = `${id} blob ${size}\n`;
      if (stdout.toString("latin1", at, at + head.length) !== head) return undefined;
      found.push(stdout.subarray(at + head.length, at + head.length + size));
      at += head.length + size + 1;
    }
    return found;
  }

  #run(args: readonly string[], input: Uint8Array | "" = ""): Ran {
    return run(this.#program, this.#folder, this.#env, args, input);
  }
}

type Ran = { status: number | null; stdout: Buffer; stderr: Buffer };

function run(program: string, cwd: string, env: NodeJS.ProcessEnv, args: readonly string[], input: Uint8Array | "" = ""): Ran {
  const clean = {
    PATH: absolute(env["PATH"]).join(":"),
    ...(env["HOME"] === undefined ? {} : { HOME: env["HOME"] }),
    ...(env["XDG_CONFIG_HOME"] === undefined ? {} : { XDG_CONFIG_HOME: env["XDG_CONFIG_HOME"] }),
    LC_ALL: "C",
    GIT_TERMINAL_PROMPT: "0",
    GIT_OPTIONAL_LOCKS: "0",
    GIT_NO_LAZY_FETCH: "1",
    // what was committed, not what somebody put in its place
    GIT_NO_REPLACE_OBJECTS: "1",
    GIT_GRAFT_FILE: "/dev/null",
    GIT_ALLOW_PROTOCOL: "none",
  };
  const done = spawnSync(program, [...safe, ...args], {
    cwd,
    env: clean,
    input,
    timeout: patience,
    maxBuffer: 64 * 1024 * 1024,
    stdio: ["pipe", "pipe", "pipe"],
  });
  return {
    status: done.error ? null : done.status,
    stdout: done.stdout ?? Buffer.alloc(0),
    stderr: done.stderr ?? Buffer.alloc(0),
  };
}

function fields(bytes: Buffer): string[] {
  const all = bytes.toString("utf8").split("\0");
  return all.slice(0, -1);
}

/** A relative folder on PATH would be one of the project's. */
function absolute(path: string | undefined): string[] {
  return (path ?? "/usr/local/bin:/usr/bin:/bin").split(":").filter((folder) => isAbsolute(folder));
}

function findGit(path: string | undefined): string | undefined {
  return absolute(path)
    .map((folder) => `${folder}/git`)
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return statSync(file).isFile();
      } catch {
        return false;
      }
    });
}

function hasGit(folder: string): boolean {
  for (let at = folder; ; at = dirname(at)) {
    if (lstatSync(`${at}/.git`, { throwIfNoEntry: false })) return true;
    if (at === dirname(at)) return false;
  }
}
