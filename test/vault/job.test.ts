import t from "tap";
import { Secret } from "../../src/crypto/secret.ts";
import { pack, unpack } from "../../src/vault/job.ts";
import { leaks } from "../helpers/live.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

t.test("an answer that breaks off leaves none of its parts behind", async (t) => {
  const whole = pack({ slot: 1 }, [bytes("a root key"), bytes("another")]);
  const { header, parts } = unpack<{ slot: number }>(whole);
  t.same([header, ...parts.map((part) => part.use((own) => Buffer.from(own).toString()))], [{ slot: 1 }, "a root key", "another"]);
  for (const part of parts) part.wipe();
  for (let length = 0; length < whole.length; length++) {
    const cut = Secret.take(whole.use((own) => own.slice(0, length)));
    try {
      for (const part of unpack(cut).parts) part.wipe();
    } catch {
      // refused, most of them
    }
    cut.wipe();
  }
  whole.wipe();
  t.same(leaks(), []);
});
