/** When this user logged in, by the book that systemd-logind keeps; it is told in seconds since boot, as processes are. */
import { readdirSync, readFileSync } from "node:fs";
import { uptime } from "node:os";

/** The oldest login that still lasts; undefined where nobody keeps book, as in containers. */
export function oldestLogin(uid: number, folder = "/run/systemd/sessions"): number | undefined {
  let oldest: number | undefined;
  for (const name of namesIn(folder)) {
    const fields = new Map(lines(`${folder}/${name}`).map((line) => line.split("=", 2) as [string, string]));
    // "manager" and "background" sessions are nobody at a keyboard
    const person = /^user(-early|-light|-incomplete)?$/.test(fields.get("CLASS") ?? "");
    const realtime = Number(fields.get("REALTIME"));
    if (fields.get("UID") !== String(uid) || !person || fields.get("STATE") === "closing" || !(realtime > 0)) continue;
    const began = realtime / 1e6 - (Date.now() / 1000 - uptime());
    oldest = Math.min(oldest ?? began, began);
  }
  return oldest;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => !name.includes("."));
  } catch {
    return [];
  }
}

function lines(path: string): string[] {
  try {
    return readFileSync(path, "utf8").split("\n");
  } catch {
    return [];
  }
}
