/** Asks on the terminal and says what came, for prompt.test.ts: `node asker.ts hidden|line|confirm`. */
import { confirm, promptHidden, promptLine } from "../../src/run/prompt.ts";

try {
  const kind = process.argv[2];
  if (kind === "hidden") {
    const bytes = await promptHidden("Passphrase: ");
    process.stdout.write(`got ${bytes.toHex()}\n`);
  } else if (kind === "line") process.stdout.write(`got ${JSON.stringify(await promptLine("Name: "))}\n`);
  else process.stdout.write(`got ${await confirm("Go on?", true)}\n`);
} catch (error) {
  process.stdout.write(`failed ${(error as { code?: string }).code}\n`);
}
