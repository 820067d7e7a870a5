import * as Flags from "@oclif/core/flags";
import { existsSync, realpathSync } from "node:fs";
import { resolve } from "node:path";
import type { Calls } from "../../calls.ts";
import { type CommonFlags, ZvaultCommand } from "../../cli/base.ts";
import { lookLines } from "../../cli/restore.ts";
import { sure } from "../../cli/confirm.ts";
import { wipe } from "../../cli/credential.ts";
import { presenceFlags, presenceOf, yesFlag } from "../../cli/flags.ts";
import { age, count } from "../../cli/output.ts";
import { askPassphrase, presenceFromFlags } from "../../cli/presence.ts";
import { headVault } from "../../cli/session.ts";
import { ZvaultError } from "../../errors.ts";

export default class BackupRestore extends ZvaultCommand {
  static override person = () => true;
  static override summary = "bring a lost vault back";
  static override usage = ["[--from mirror|FILE] [--yes]", "[--from mirror|FILE] --dry-run"];
  static override description = `
Without --from: the newest mirror, which is kept outside the project because \`git clean -fdx\` deletes .zvault. A vault that is
still there, damaged or not, is moved aside, never written over. The restored vault starts a new lineage. --dry-run
shows what is in the copy, whether what you give opens it, and what would be lost; it changes nothing.`;
  static override examples = [
    "zvault backup restore",
    "zvault backup restore --dry-run --key-file ci.key",
    "zvault backup restore --from shop-2026-11.zvault",
    "zvault backup restore --key-file ci.key --yes",
  ];
  static override flags = {
    from: Flags.string({ description: "mirror, or a file of `backup create`", helpValue: "mirror|FILE", default: "mirror" }),
    id: Flags.string({ description: "which vault, if the mirror has several", helpValue: "ID" }),
    "dry-run": Flags.boolean({ description: "show what would be restored, change nothing" }),
    ...presenceFlags,
    ...yesFlag,
  };

  override async run(): Promise<void> {
    const { flags } = await this.parse(BackupRestore);
    const dir = realpathSync(resolve(flags.vault ?? process.env["ZVAULT_DIR"] ?? ".").replace(/\/\.zvault$/, ""));
    const from = flags.from === "mirror" ? "mirror" : resolve(flags.from);
    const id = flags.id ?? headVault();
    const asked = { dir, from, ...(id === undefined ? {} : { id }) };
    if (flags["dry-run"]) return this.#look(flags, asked);
    const there = existsSync(`${dir}/.zvault`) ? " What is there is moved aside." : "";
    const where = flags.vault === undefined && process.env["ZVAULT_DIR"] === undefined ? "this folder" : dir;
    const question = `Restore the vault of ${where} from ${from === "mirror" ? "the newest mirror" : from}?${there}`;
    await sure(question, { yes: flags.yes, usually: true, no: "nothing was restored" });
    const session = this.session(flags);
    await session.client();
    const credential = (await presenceFromFlags(presenceOf(flags))) ?? (await askPassphrase("Passphrase: "));
    try {
      const { result } = await session.ask("backup.restore", asked, { vault: false, credential });
      this.print(flags, result, () => [
        `restored ${dir}/.zvault with ${count(result.secrets, "secret")}, from a copy made ${age(result.time)}`,
        ...(result.aside === null ? [] : [`what stood there is in ${result.aside}`]),
        "next: zvault unseal",
      ]);
    } finally {
      wipe(credential);
    }
  }

  async #look(flags: Looking, asked: Calls["backup.look"]["args"]): Promise<void> {
    const session = this.session(flags);
    await session.client();
    // without a terminal and without a flag the copy is looked at from outside
    const credential =
      (await presenceFromFlags(presenceOf(flags))) ??
      (await askPassphrase("Look into the copy. Passphrase: ").catch((error: unknown) => {
        if (error instanceof ZvaultError && error.code === "would-ask") return undefined;
        throw error;
      }));
    try {
      const { result } = await session.ask("backup.look", asked, { vault: false, credential });
      this.print(flags, { dryRun: true, ...result }, () => lookLines(result, asked.dir));
    } finally {
      wipe(credential);
    }
  }
}

type Looking = CommonFlags & { "key-file"?: string | undefined; share?: string[] | undefined };
