/** Real processes for the tests of this room: a Node program given as text, with the room's modules in reach. */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = new URL("../../", import.meta.url);

export const asRoot = process.getuid?.() === 0;
/** "nobody" on every Linux; used only when the tests run as root */
export const otherUser = { uid: 65534, gid: 65534 };

/** Tests as root drop their privileges with this: capabilities ignore limits and read everything. */
export const plainUser: Options = asRoot ? { user: otherUser } : {};

/** Why a test cannot run as a plain user, or false: nobody cannot read a checkout below /root. */
export const cannotDrop: string | false =
  asRoot && spawnSync(process.execPath, [fileURLToPath(import.meta.url)], { ...otherUser, cwd: "/" }).status !== 0
    ? "the checkout is not readable for an unprivileged user"
    : false;

/** `body` sees `sys("memory.ts")`, `crypto("secret.ts")`, `say(line)` and `wait()` (until stdin ends). */
function script(body: string): string {
  return `
    const fs = process.getBuiltinModule("node:fs");
    const sys = (name) => import(new URL("src/sys/" + name, ${JSON.stringify(root.href)}).href);
    const crypto = (name) => import(new URL("src/crypto/" + name, ${JSON.stringify(root.href)}).href);
    const say = (line) => fs.writeSync(1, line + "\\n");
    const wait = () => { try { fs.readSync(0, new Uint8Array(1)); } catch {} };
    ${body}`;
}

export type Options = {
  user?: { uid: number; gid: number };
  /** bytes, as `ulimit -l` and as `prlimit` count; needs `prlimit` of util-linux */
  memlock?: number;
};

/** Standard output of `body`, run to its end. Throws with its standard error when it fails. */
export function run(body: string, o: Options = {}): string {
  const [file, args] = command(body, o);
  const done = spawnSync(file, args, { encoding: "utf8", input: "", env: { PATH: "/usr/bin:/bin" }, cwd: "/", ...o.user });
  if (done.error) throw done.error;
  if (done.status !== 0) throw new Error(`status ${done.status} ${done.signal ?? ""}: ${done.stderr}`);
  return done.stdout.trim();
}

/** Starts `body` and waits for its first line. `stop` ends its stdin, on which `wait()` returns. */
export async function start(body: string, o: Options = {}): Promise<{ line: string; child: ChildProcess; stop(): Promise<void> }> {
  const [file, args] = command(body, o);
  const child = spawn(file, args, { stdio: ["pipe", "pipe", "inherit"], env: { PATH: "/usr/bin:/bin" }, cwd: "/", ...o.user });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const line = await new Promise<string>((resolve, reject) => {
    let text = "";
    child.stdout?.on("data", (piece: Buffer) => {
      text += piece.toString();
      if (text.includes("\n")) resolve(text.slice(0, text.indexOf("\n")));
    });
    child.once("exit", (code) => reject(new Error(`ended with ${code} before its first line`)));
  });
  return {
    line,
    child,
    stop() {
      child.stdin?.end();
      return ended;
    },
  };
}

/** `env -u`: tap puts a hook of its own into every child, which fails for another user. */
function command(body: string, o: Options): [string, string[]] {
  const node = [process.execPath, "--no-warnings", "--expose-gc", "--input-type=module", "-e", script(body)];
  const limit = o.memlock === undefined ? [] : ["/usr/bin/prlimit", `--memlock=${o.memlock}:${o.memlock}`, "--"];
  return ["/usr/bin/env", ["-u", "NODE_OPTIONS", ...limit, ...node]];
}
