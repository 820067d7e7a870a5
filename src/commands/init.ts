import * as Flags from "@oclif/core/flags";
import { existsSync, realpathSync } from "node:fs";
import { relative, resolve } from "node:path";
import type { Calls } from "../calls.ts";
import { ZvaultCommand } from "../cli/base.ts";
import { sure } from "../cli/confirm.ts";
import { wipe } from "../cli/credential.ts";
import { createPrivate, fillFile } from "../cli/files.ts";
import { maybe, shareFlags, sharesOf, yesFlag } from "../cli/flags.ts";
import { count } from "../cli/output.ts";
import { fromStdin, newPassphrase } from "../cli/passphrase.ts";
import { askPassphrase } from "../cli/presence.ts";
import type { Session } from "../cli/session.ts";
import { prepareHandout } from "../cli/shares.ts";
import { ZvaultError } from "../errors.ts";
import type { Located } from "../locate.ts";
import type { Credential } from "../protocol.ts";
import { readKeyFile } from "../secret-file.ts";

type Slot = Calls["vault.init"]["args"]["slot"];

export default class Init extends ZvaultCommand {
  static override person = () => true;
  static override summary = "make a vault without importing";
  static override usage = ["", "--key-file FILE [--yes]", "--shares N --threshold K [--out DIR]", "--passphrase [-]"];
  static override description = `
Without options one passphrase on this computer opens all your vaults; it is asked for, the first time twice. --key-file makes FILE
(0600) if it is not there. With --shares, any K of the N shares open the vault; they are shown once, one by one, or written to DIR.`;
  static override examples = [
    "zvault init",
    "zvault init --key-file ~/keys/shop.key --yes",
    "zvault init --shares 5 --threshold 3",
    "zvault init --key-file ci.key --shares 5 --threshold 3 --out shares",
  ];
  static override args = { source: maybe("- reads the passphrase from stdin") };
  static override flags = {
    "key-file": Flags.string({ description: "a key file opens it", helpValue: "FILE" }),
    shares: Flags.integer({ description: "shares open it", helpValue: "N", min: 2, max: 255 }),
    ...shareFlags,
    passphrase: Flags.boolean({ description: "a passphrase of its own opens it" }),
    label: Flags.string({ description: "a name for this way in", helpValue: "TEXT" }),
    ...yesFlag,
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Init);
    const shares = sharesOf(flags.shares, flags.threshold);
    if (flags.out !== undefined && !shares)
      throw new ZvaultError("usage", "--out is for shares", { hint: "--shares 5 --threshold 3 --out DIR" });
    if (flags.passphrase && (shares || flags["key-file"] !== undefined))
      throw new ZvaultError("usage", "--passphrase stands alone; more ways in: zvault access add");
    const session = this.session(flags);
    const dir = resolve(flags.vault ?? process.env["ZVAULT_DIR"] ?? ".").replace(/\/\.zvault$/, "");
    await this.#check(session, dir, flags.yes);
    const handout = shares ? prepareHandout(shares.shares, flags.out) : undefined;
    try {
      const made = await this.#make(session, realpathSync(dir), { ...flags, shares, source: args.source });
      const written = handout ? await handout.give(made.texts) : [];
      const key = flags["key-file"];
      this.print(flags, { ...made.result, keyFile: key ?? null, shares: written }, () => [
        `made ${made.result.dir}`,
        ...(key === undefined
          ? []
          : [`key file ${key}${made.keyMade ? ", new" : ""}: keep it out of the project, and a copy somewhere safe`]),
        ...(shares
          ? [
              `${count(shares.shares, "share")}, ${shares.threshold} open it${written.length > 0 ? `: ${flags.out ?? ""}/share-1.txt …` : ""}`,
            ]
          : []),
        ...(made.result.newIdentity ? ["your identity is new: this passphrase opens all your vaults on this computer"] : []),
        `next: zvault set NAME   or   zvault import`,
      ]);
      if (key !== undefined && !relative(dir, resolve(key)).startsWith(".."))
        this.note(flags, `warning: ${key} lies in the project: never commit it`);
    } catch (error) {
      handout?.cancel();
      throw error;
    }
  }

  async #check(session: Session, dir: string, yes: boolean): Promise<void> {
    if (existsSync(`${dir}/.zvault/vault`))
      throw new ZvaultError("usage", `there is a vault in ${dir} already`, { hint: "zvault status" });
    if (!existsSync(dir)) throw new ZvaultError("not-found", `there is no folder ${dir}`, { names: [dir] });
    const above = existing(session);
    if (!above || above.root === realpathSync(dir) || yes) return;
    const question = `${above.root} has a vault already. Make another one in ${dir}?`;
    await sure(question, { yes, usually: false, no: "no vault was made" });
  }

  /** With a key file and shares the key file comes first, and proves presence for the shares. */
  async #make(
    session: Session,
    dir: string,
    o: {
      "key-file"?: string | undefined;
      shares: { shares: number; threshold: number } | undefined;
      passphrase: boolean;
      label?: string | undefined;
      source: string | undefined;
    },
  ): Promise<{ result: Calls["vault.init"]["result"]; texts: Uint8Array[]; keyMade: boolean }> {
    await session.client();
    const keyPath = o["key-file"];
    const keyMade = keyPath !== undefined && (await makeKeyAt(keyPath));
    const slot: Slot = keyPath !== undefined ? "key-file" : o.shares ? "shares" : o.passphrase ? "passphrase" : "identity";
    const credential = keyPath !== undefined ? readKeyFile(keyPath) : await this.#credential(session, slot, o.source);
    const label = o.label === undefined ? {} : { label: o.label };
    try {
      const answer = await session.ask(
        "vault.init",
        { dir, slot, ...(slot === "shares" ? o.shares : {}), ...label },
        { vault: false, credential },
      );
      session.at(dir);
      if (slot !== "key-file" || !o.shares) return { result: answer.result, texts: answer.body, keyMade };
      const proof = { keyFile: keyPath };
      const more = await session.ask("access.add", { kind: "shares", ...o.shares }, { presence: proof, what: "Add shares" });
      return { result: { ...answer.result, slots: [...answer.result.slots, more.result.slot] }, texts: more.body, keyMade };
    } finally {
      wipe(credential);
    }
  }

  async #credential(session: Session, slot: Slot, source: string | undefined): Promise<Credential | undefined> {
    if (slot === "shares") return undefined;
    if (slot === "passphrase") return newPassphrase(source);
    const { exists, open } = (await session.ask("identity.show", {}, { vault: false })).result;
    if (!exists) return newPassphrase(source);
    if (open && source === undefined) return undefined;
    return source === undefined ? askPassphrase("Your passphrase: ") : { kind: "passphrase", parts: [fromStdin(source)] };
  }
}

/** `--vault` names a folder that need not have one yet; that it had one once is said. */
function existing(session: Session): Located | undefined {
  try {
    return session.located();
  } catch (error) {
    if (error instanceof ZvaultError && error.code === "no-vault") return undefined;
    throw error;
  }
}

/** Makes the key file if it is absent. Returns true if it did. */
async function makeKeyAt(path: string): Promise<boolean> {
  if (existsSync(path)) return false;
  const bytes = (await import("../key-file.ts")).makeKeyFile();
  fillFile(createPrivate(path), bytes, path);
  bytes.fill(0);
  return true;
}
