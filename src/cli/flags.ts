/** Flags that several commands share; the same name means the same everywhere. */
import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { ZvaultError } from "../errors.ts";
import type { PresenceFlags } from "./presence.ts";

/** A flag that may stand several times, each time with one value: what follows is the command's again. */
export const repeatable = { multiple: true, multipleNonGreedy: true } as const;

/** For commands that show or govern. */
export const presenceFlags = {
  "key-file": Flags.string({ description: "prove presence with this key file (scripts)", helpValue: "FILE" }),
  share: Flags.string({ description: "prove presence with shares: - or @FILE; repeatable", helpValue: "-|@FILE", ...repeatable }),
};

export const fileFlags = {
  env: Flags.string({ char: "e", description: "the variable as `run -e NAME` sees it", helpValue: "NAME" }),
  "env-file": Flags.string({ char: "f", description: "the variable as `run -f FILE` sees it", helpValue: "FILE", ...repeatable }),
};

export const yesFlag = { yes: Flags.boolean({ char: "y", description: "do not ask" }) };

export const shareFlags = {
  threshold: Flags.integer({ description: "how many shares open it", helpValue: "K", min: 2, max: 255 }),
  out: Flags.string({ description: "write the shares to DIR as share-1.txt … (0600) instead of showing them", helpValue: "DIR" }),
};

export const classFlags = {
  class: Flags.option({ options: ["secret", "setting"] as const, description: "secret: masked and scanned for; setting: not" })(),
  audience: Flags.option({ options: ["local", "env", "everyone"] as const, description: "whom `share` may give it to" })(),
  description: Flags.string({ description: "what it is for; readable in listings", helpValue: "TEXT" }),
};

/** oclif reads a missing argument from stdin unless it is told not to: a piped secret would become one. */
export function name(description: string) {
  return Args.string({ description, required: true, ignoreStdin: true });
}

export function maybe(description: string) {
  return Args.string({ description, ignoreStdin: true });
}

export function presenceOf(flags: { "key-file"?: string | undefined; share?: string[] | undefined }): PresenceFlags {
  return { keyFile: flags["key-file"], shares: flags.share };
}

export function filesOf(flags: { env?: string | undefined; "env-file"?: string[] | undefined }): {
  env: string | undefined;
  files: string[] | undefined;
} {
  return { env: flags.env, files: flags["env-file"] };
}

/** "8h", "30m", "90s", "1d"; in seconds. */
export function seconds(text: string, option: string): number {
  const found = /^(\d{1,6})(s|m|h|d)$/.exec(text);
  if (!found) throw new ZvaultError("usage", `${option} takes a time`, { hint: `${option} 30m, ${option} 8h` });
  const unit = { s: 1, m: 60, h: 3600, d: 86_400 }[found[2] as "s" | "m" | "h" | "d"];
  return Number(found[1]) * unit;
}

/** N and K of new shares. Throws `usage`. */
export function sharesOf(
  shares: number | undefined,
  threshold: number | undefined,
): { shares: number; threshold: number } | undefined {
  if (shares === undefined) {
    if (threshold !== undefined)
      throw new ZvaultError("usage", "--threshold goes with a number of shares", { hint: "--shares 5 --threshold 3" });
    return undefined;
  }
  if (threshold === undefined)
    throw new ZvaultError("usage", "--threshold is missing: how many of the shares open it", { hint: "--shares 5 --threshold 3" });
  if (threshold > shares)
    throw new ZvaultError("usage", `${shares} shares cannot make ${threshold}`, { hint: "--shares 5 --threshold 3" });
  return { shares, threshold };
}
