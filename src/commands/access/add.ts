import * as Flags from "@oclif/core/flags";
import { existsSync } from "node:fs";
import { ZvaultCommand } from "../../cli/base.ts";
import { readKeyFile } from "../../secret-file.ts";
import { createPrivate, fillFile } from "../../cli/files.ts";
import { maybe, shareFlags, sharesOf, repeatable } from "../../cli/flags.ts";
import { newPassphrase } from "../../cli/passphrase.ts";
import { prepareHandout } from "../../cli/shares.ts";
import { ZvaultError } from "../../errors.ts";
import type { Calls } from "../../calls.ts";

export default class AccessAdd extends ZvaultCommand {
  static override person = () => true;
  static override summary = "add a way to unseal this vault";
  static override usage = [
    "[LABEL] --key-file FILE",
    "[LABEL] --shares N --threshold K [--out DIR]",
    "[LABEL] --passphrase",
    "[LABEL] --identity",
  ];
  static override description =
    "\nExactly one kind. It needs presence: your passphrase on the terminal, or --by-key-file or --by-share in a script.";
  static override examples = [
    "zvault access add ci --key-file ci.key",
    "zvault access add --shares 5 --threshold 3 --out shares",
    "zvault access add --passphrase",
    "zvault access add --identity --by-key-file old.key",
  ];
  static override args = { label: maybe("a name for it") };
  static override flags = {
    "key-file": Flags.string({ description: "a key file; made (0600) if it is not there", helpValue: "FILE" }),
    shares: Flags.integer({ description: "new shares", helpValue: "N", min: 2, max: 255 }),
    ...shareFlags,
    passphrase: Flags.boolean({ description: "a passphrase of this vault alone" }),
    identity: Flags.boolean({ description: "your identity on this computer" }),
    "by-key-file": Flags.string({ description: "prove presence with this key file (scripts)", helpValue: "FILE" }),
    "by-share": Flags.string({
      description: "prove presence with shares: - or @FILE; repeatable",
      helpValue: "-|@FILE",
      ...repeatable,
    }),
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(AccessAdd);
    const shares = sharesOf(flags.shares, flags.threshold);
    const keyPath = flags["key-file"];
    const kinds = [keyPath !== undefined, shares !== undefined, flags.passphrase, flags.identity];
    if (kinds.filter(Boolean).length !== 1) {
      throw new ZvaultError("usage", "name one kind: --key-file, --shares, --passphrase or --identity", {
        hint: "zvault access add --help",
      });
    }
    const session = this.session(flags);
    session.vault();
    await session.client();
    const handout = shares ? prepareHandout(shares.shares, flags.out) : undefined;
    let body: Uint8Array[] = [];
    try {
      if (keyPath !== undefined) body = await keyBytes(keyPath);
      else if (flags.passphrase) body = (await newPassphrase(undefined)).parts;
      const kind: Calls["access.add"]["args"]["kind"] =
        keyPath !== undefined ? "key-file" : shares ? "shares" : flags.passphrase ? "passphrase" : "identity";
      const asked = { kind, ...(args.label === undefined ? {} : { label: args.label }), ...shares };
      const presence = { keyFile: flags["by-key-file"], shares: flags["by-share"] };
      const { result, body: texts } = await session.ask("access.add", asked, { body, presence, what: `Add ${kind}` });
      const written = handout ? await handout.give(texts) : [];
      this.print(flags, { slot: result.slot, keyFile: keyPath ?? null, shares: written }, () => [
        `added ${kind}${args.label === undefined ? "" : ` ${args.label}`} (${result.slot.id.slice(0, 8)})`,
        ...(keyPath === undefined ? [] : [`key file ${keyPath}: whoever has it can unseal this vault`]),
        ...(written.length === 0 ? [] : [`${flags.out ?? ""}/share-1.txt … share-${written.length}.txt`]),
      ]);
    } catch (error) {
      handout?.cancel();
      throw error;
    } finally {
      for (const part of body) part.fill(0);
    }
  }
}

async function keyBytes(path: string): Promise<Uint8Array[]> {
  if (!existsSync(path)) {
    const bytes = (await import("../../key-file.ts")).makeKeyFile();
    fillFile(createPrivate(path), bytes, path);
    bytes.fill(0);
  }
  return readKeyFile(path).parts;
}
