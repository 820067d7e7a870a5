import * as Flags from "@oclif/core/flags";
import { ZvaultCommand } from "../../cli/base.ts";
import { maybe, name, presenceFlags, presenceOf, yesFlag } from "../../cli/flags.ts";
import { sayJson } from "../../cli/output.ts";
import { printLine, readLines, shaped, turns } from "../../cli/transit/batch.ts";
import { batchFlag, outFlag, shapeFlags, shapeOf } from "../../cli/transit/flags.ts";
import { Input, withoutNewline } from "../../cli/transit/input.ts";
import { NewFile } from "../../cli/transit/new-file.ts";
import { printBatch } from "../../cli/transit/print.ts";
import { decryptStream, isStream } from "../../cli/transit/stream.ts";
import { checkShow, show, type ShowFlags } from "../../cli/value.ts";
import { ZvaultError } from "../../errors.ts";
import { limits } from "../../verbs.ts";

export default class TransitDecrypt extends ZvaultCommand {
  static override person = () => true;
  static override summary = "decrypt a ciphertext, a stream or a batch";
  static override usage = ["NAME -|@FILE", "NAME --batch [-|@FILE]"];
  static override description = `
It needs your presence, and shows values as \`zvault get\` does: on a terminal, with --reveal in a pipe, with --out in a new file (0600).
A stream goes into a file only, which has its name when the last piece was found good. A line of a batch is {"ciphertext":"vault:v1:…"},
its answer {"plaintext":BASE64}.`;
  static override examples = [
    "zvault transit decrypt cards @card.txt",
    "zvault transit decrypt backups @dump.sql.zv --out dump.sql",
    "zvault transit decrypt cards --batch @cards.enc.jsonl --out cards.jsonl",
  ];
  static override args = { name: name("the key"), value: maybe("- or @FILE") };
  static override flags = {
    ...shapeFlags,
    ...batchFlag,
    reveal: Flags.boolean({ description: "write it to a pipe, byte for byte" }),
    ...outFlag,
    ...presenceFlags,
    ...yesFlag,
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(TransitDecrypt);
    this.session(flags).vault();
    if (flags.batch && flags.out === undefined && !flags.reveal)
      throw new ZvaultError("denied", "values of a batch are not shown on a terminal", {
        hint: "--out FILE, or --reveal into a pipe",
      });
    const input = await Input.open(args.value ?? (flags.batch ? "-" : undefined));
    try {
      if (flags.batch) await this.#batch(args.name, input, flags);
      else await this.#one(args.name, input, flags);
    } finally {
      input.close();
    }
  }

  async #one(key: string, input: Input, flags: Given): Promise<void> {
    const shape = shapeOf(key, flags);
    const begin = input.read(32);
    if (isStream(begin)) return this.#stream(shape, input, begin, flags);
    checkShow(flags);
    const rest = input.read(limits.value);
    if (rest.length === limits.value) throw new ZvaultError("bad-ciphertext", "this is neither a ciphertext nor a stream");
    const text = withoutNewline(Buffer.concat([begin, rest]));
    const answer = await this.session(flags).ask("transit.decrypt", shape.args, {
      body: [text, ...shape.shared],
      presence: presenceOf(flags),
      what: `Decrypt with ${key}`,
    });
    try {
      show(flags, answer.body[0] ?? new Uint8Array(), { name: key });
    } finally {
      answer.release();
    }
  }

  async #stream(shape: ReturnType<typeof shapeOf>, input: Input, begin: Uint8Array, flags: Given): Promise<void> {
    if (flags.out === undefined)
      throw new ZvaultError("usage", "a stream is decrypted into a file: only at its end is it known to be whole", {
        hint: "--out FILE",
      });
    const file = new NewFile(flags.out, { replace: flags.yes });
    try {
      const sink = (part: Uint8Array): void => file.write(part);
      await decryptStream(this.session(flags), shape, { input, begin, presence: presenceOf(flags), sink, quiet: flags.quiet });
      file.finish();
    } finally {
      file.close();
    }
    if (flags.json) sayJson({ name: shape.args.name, out: file.path, bytes: file.bytes });
  }

  async #batch(key: string, input: Input, flags: Given): Promise<void> {
    const lines: string[] = [];
    for (const turn of turns(readLines(input, ["ciphertext"], ["associated_data", "context"]))) {
      const { args, body } = shaped(turn, "ciphertext");
      const what = `Decrypt ${turn.length} values with ${key}`;
      const answer = await this.session(flags).ask(
        "transit.decrypt",
        { name: key, ...args },
        { body, presence: presenceOf(flags), what },
      );
      lines.push(...answer.body.map((one) => printLine("plaintext", one)));
      answer.release();
    }
    printBatch(flags, lines);
  }
}

type Given = ShowFlags & {
  quiet: boolean;
  vault?: string | undefined;
  aad?: string | undefined;
  context?: string | undefined;
  "key-file"?: string | undefined;
  share?: string[] | undefined;
};
