import { ZvaultCommand } from "../../cli/base.ts";
import { maybe, name, yesFlag } from "../../cli/flags.ts";
import { printLine, readLines, shaped, turns } from "../../cli/transit/batch.ts";
import { batchFlag, outFlag, shapeFlags, shapeOf, versionFlag, versionOf } from "../../cli/transit/flags.ts";
import { Input, withoutNewline } from "../../cli/transit/input.ts";
import { printBatch, printTexts } from "../../cli/transit/print.ts";
import { isStream } from "../../cli/transit/stream.ts";
import { ZvaultError } from "../../errors.ts";
import { limits } from "../../verbs.ts";

export default class TransitRewrap extends ZvaultCommand {
  static override person = () => true;
  static override summary = "the same value under the newest version of the key";
  static override usage = ["NAME -|@FILE", "NAME --batch [-|@FILE]"];
  static override description = `
The value stays in the agent: nobody is shown it. Streams are not rewrapped; old versions open them until they are trimmed. A line of
a batch is {"ciphertext":"vault:v1:…"}, as its answer is.`;
  static override examples = [
    "zvault transit rewrap cards @card.txt",
    "zvault transit rewrap cards --batch < old.jsonl > new.jsonl",
  ];
  static override args = { name: name("the key"), value: maybe("- or @FILE") };
  static override flags = { ...shapeFlags, ...versionFlag, ...batchFlag, ...outFlag, ...yesFlag };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(TransitRewrap);
    const session = this.session(flags);
    session.vault();
    const input = await Input.open(args.value ?? (flags.batch ? "-" : undefined));
    try {
      if (!flags.batch) {
        const shape = shapeOf(args.name, flags);
        const text = withoutNewline(input.read(limits.value));
        if (isStream(text))
          throw new ZvaultError("usage", "a stream is not rewrapped", { hint: "decrypt it, and encrypt it again" });
        const asked = { ...shape.args, ...versionOf(flags) };
        const { result, body } = await session.ask("transit.rewrap", asked, { body: [text, ...shape.shared] });
        const again = Buffer.from(body[0] ?? []).toString("latin1");
        printTexts(flags, [again], { name: args.name, version: result.version }, "ciphertext");
        return;
      }
      const lines: string[] = [];
      for (const turn of turns(readLines(input, ["ciphertext"], ["associated_data", "context"]))) {
        const { args: more, body } = shaped(turn, "ciphertext");
        const answer = await session.ask("transit.rewrap", { name: args.name, ...more, ...versionOf(flags) }, { body });
        lines.push(...answer.body.map((one) => printLine("ciphertext", one)));
        answer.release();
      }
      printBatch(flags, lines);
    } finally {
      input.close();
    }
  }
}
