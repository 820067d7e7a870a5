/** Failures of the system at files that a person named, in our words. */
import { ZvaultError } from "./errors.ts";

/** A failure of the system where we touch files ourselves. `what` names the file. */
export function fileError(error: unknown, what: string): ZvaultError {
  if (error instanceof ZvaultError) return error;
  const code = (error as NodeJS.ErrnoException).code ?? "";
  const init = { cause: error, names: [what] };
  if (code === "ENOENT" || code === "ENOTDIR") return new ZvaultError("not-found", `no file ${what}`, init);
  if (code === "EEXIST") return new ZvaultError("would-ask", `${what} exists already`, { ...init, hint: "another name, or --yes" });
  if (code === "ELOOP")
    return new ZvaultError("unsafe-file", `${what} is a symbolic link`, { ...init, hint: "name the file it leads to" });
  if (code === "ENOSPC" || code === "EDQUOT")
    return new ZvaultError("disk-full", `no space left for ${what}`, { ...init, hint: "free some space and try again" });
  if (code === "EROFS")
    return new ZvaultError("read-only", `${what} is on a read-only file system`, {
      ...init,
      hint: "choose a place that can be written",
    });
  if (code === "EACCES" || code === "EPERM")
    return new ZvaultError("unsafe-file", `${what}: permission denied`, { ...init, hint: `ls -ld ${what}` });
  if (code === "EISDIR" || code === "ENXIO") return notRegular(what, error);
  return new ZvaultError("io", `${what}: ${code === "" ? "input or output failed" : code}`, init);
}

/** A folder, FIFO, device or link where a file is wanted. */
export function notRegular(what: string, cause?: unknown): ZvaultError {
  return new ZvaultError("unsafe-file", `${what} is no regular file`, { hint: `ls -ld ${what}`, names: [what], cause });
}
