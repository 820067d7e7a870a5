import { ZvaultCommand } from "../../cli/base.ts";
import { maybe, name, yesFlag } from "../../cli/flags.ts";
import { sayJson } from "../../cli/output.ts";
import { put } from "../../cli/stream.ts";
import { printLine, readLines, shaped, turns } from "../../cli/transit/batch.ts";
import { batchFlag, outFlag, shapeFlags, shapeOf, versionFlag, versionOf } from "../../cli/transit/flags.ts";
import { Input, wipe } from "../../cli/transit/input.ts";
import { NewFile } from "../../cli/transit/new-file.ts";
import { printBatch, printTexts } from "../../cli/transit/print.ts";
import { checkSink, encryptStream } from "../../cli/transit/stream.ts";
import { limits } from "../../verbs.ts";

export default class TransitEncrypt extends ZvaultCommand {
  static override person = () => true;
  static override summary = "encrypt a value, a file or a batch";
  static override usage = ["NAME [-|@FILE]", "NAME --batch [-|@FILE]"];
  static override description = `
What is encrypted comes from stdin (-), a file (@FILE), or is typed unseen. The ciphertext is text, vault:vN:BASE64; from 512 KiB on it
is a stream of bytes that is made and read piece by piece, so a file may be as large as it likes. A line of a batch is
{"plaintext":BASE64}, with "associated_data" and "context" in base64 where wanted; answers come in the same order.`;
  static override examples = [
    "printf %s 4111111111111111 | zvault transit encrypt cards -",
    "zvault transit encrypt backups @dump.sql --out dump.sql.zv",
    "zvault transit encrypt cards --batch @cards.jsonl --out cards.enc.jsonl",
  ];
  static override args = { name: name("the key"), value: maybe("- or @FILE") };
  static override flags = { ...shapeFlags, ...versionFlag, ...batchFlag, ...outFlag, ...yesFlag };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(TransitEncrypt);
    const session = this.session(flags);
    session.vault();
    await session.client();
    const input = await Input.open(args.value ?? (flags.batch ? "-" : undefined), "Value");
    try {
      if (flags.batch) await this.#batch(args.name, input, flags);
      else await this.#one(args.name, input, flags);
    } finally {
      input.close();
    }
  }

  async #one(key: string, input: Input, flags: Flags): Promise<void> {
    const session = this.session(flags);
    const shape = shapeOf(key, flags);
    const begin = input.read(limits.transitValue);
    if (begin.length === limits.transitValue) return this.#stream(shape, input, begin, flags);
    try {
      const asked = { ...shape.args, ...versionOf(flags) };
      const { result, body } = await session.ask("transit.encrypt", asked, { body: [begin, ...shape.shared] });
      const text = Buffer.from(body[0] ?? []).toString("latin1");
      printTexts(flags, [text], { name: key, version: result.version }, "ciphertext");
    } finally {
      wipe([begin]);
    }
  }

  async #stream(shape: ReturnType<typeof shapeOf>, input: Input, begin: Uint8Array, flags: Flags): Promise<void> {
    checkSink(flags);
    const file = flags.out === undefined ? undefined : new NewFile(flags.out, { replace: flags.yes });
    try {
      const sink = (part: Uint8Array): void => (file ? file.write(part) : put(1, part));
      const head = await encryptStream(this.session(flags), shape, { input, begin, sink, quiet: flags.quiet, ...versionOf(flags) });
      file?.finish();
      if (flags.json && file) sayJson({ name: shape.args.name, version: head.version, out: file.path, bytes: file.bytes });
    } finally {
      file?.close();
    }
  }

  async #batch(key: string, input: Input, flags: Flags): Promise<void> {
    const lines: string[] = [];
    for (const turn of turns(readLines(input, ["plaintext"], ["associated_data", "context"]))) {
      const { args, body } = shaped(turn, "plaintext");
      const answer = await this.session(flags).ask("transit.encrypt", { name: key, ...args, ...versionOf(flags) }, { body });
      wipe(body);
      lines.push(...answer.body.map((one) => printLine("ciphertext", one)));
      answer.release();
    }
    printBatch(flags, lines);
  }
}

type Flags = {
  json: boolean;
  quiet: boolean;
  yes: boolean;
  vault?: string | undefined;
  out?: string | undefined;
  aad?: string | undefined;
  context?: string | undefined;
  "key-version"?: number | undefined;
};
