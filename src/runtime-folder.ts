/**
 * The folder of the agent's socket. Agent and client both look at it before they believe the socket in it: a real folder, ours, and
 * nobody else's to enter. Never /tmp.
 */
import { closeSync, constants, fstatSync, lstatSync, mkdirSync, openSync, statSync } from "node:fs";
import { ZvaultError } from "./errors.ts";

/** `sun_path` holds 108 bytes, the last one zero. */
const longest = 107;

/** $XDG_RUNTIME_DIR/zvault, else /run/user/<uid>/zvault if that is ours, else $XDG_STATE_HOME/zvault/run. `state` = the last without "/run". */
export function runtimeFolder(env: NodeJS.ProcessEnv, state: string): string {
  const set = env["XDG_RUNTIME_DIR"];
  if (set?.startsWith("/")) return `${set.replace(/\/+$/, "")}/zvault`;
  const usual = `/run/user/${process.geteuid?.() ?? -1}`;
  return isOurs(usual) ? `${usual}/zvault` : `${state}/run`;
}

function isOurs(path: string): boolean {
  try {
    const found = lstatSync(path);
    return found.isDirectory() && found.uid === process.geteuid?.();
  } catch {
    return false;
  }
}

/** Throws `no-runtime` for a path that no socket can have. */
export function socketPath(runtime: string): string {
  const path = `${runtime}/agent.sock`;
  if (Buffer.byteLength(path) <= longest) return path;
  throw new ZvaultError("no-runtime", `the path of the agent's socket is longer than ${longest} bytes: ${path}`, {
    hint: "set XDG_RUNTIME_DIR to a shorter folder of yours, 0700",
  });
}

/** Makes it (0700), or looks at the one there. Throws `no-runtime`. The agent does this; clients only look. */
export function makeRuntimeFolder(runtime: string): void {
  const above = runtime.slice(0, runtime.lastIndexOf("/")) || "/";
  try {
    // $XDG_RUNTIME_DIR itself is the system's to make; a folder below the state folder is ours
    mkdirSync(runtime, { recursive: runtime.endsWith("/run"), mode: 0o700 });
  } catch (failure) {
    const { code } = failure as NodeJS.ErrnoException;
    if (code !== "EEXIST") throw noRuntime(`the folder ${runtime} cannot be made (${code}); is ${above} there, and yours?`);
  }
  if (!checkRuntimeFolder(runtime)) throw noRuntime(`the folder ${runtime} is gone again`);
}

/** False: not there. Throws `no-runtime` for one that is not safe. */
export function checkRuntimeFolder(runtime: string): boolean {
  let fd: number;
  try {
    fd = openSync(runtime, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  } catch (failure) {
    const { code } = failure as NodeJS.ErrnoException;
    if (code === "ENOENT") return false;
    throw noRuntime(`${runtime} is no folder of yours (${code})`);
  }
  try {
    const found = fstatSync(fd);
    if (found.uid !== process.geteuid?.()) throw noRuntime(`the folder ${runtime} belongs to another user (was sudo used?)`);
    if ((found.mode & 0o077) !== 0) throw noRuntime(`others may enter the folder ${runtime}; chmod 700 it`);
    const above = statSync(runtime.slice(0, runtime.lastIndexOf("/")) || "/");
    // whoever may rename our folder may put another in its place
    const foreign = above.uid !== found.uid && above.uid !== 0;
    if (foreign || ((above.mode & 0o022) !== 0 && (above.mode & 0o1000) === 0)) {
      throw noRuntime(`others may replace the folder ${runtime}: the folder above it is theirs to write`);
    }
    return true;
  } finally {
    closeSync(fd);
  }
}

function noRuntime(message: string): ZvaultError {
  return new ZvaultError("no-runtime", message, { hint: "set XDG_RUNTIME_DIR to a folder of yours, 0700" });
}
