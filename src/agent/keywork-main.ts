/** The helper's whole life: hardened like the agent, one job from fd 0, its result to fd 1, gone. */
import { type Secret, wipeAll } from "../crypto/secret.ts";
import { perform } from "../vault/keywork.ts";
import { harden } from "./hardening.ts";
import { jobLimit } from "./keywork-process.ts";
import { readSecret, writeSecret } from "./pipe-secret.ts";

export async function keyworkMain(): Promise<void> {
  await runKeywork((job) => perform(job));
}

export async function runKeywork(act: (job: Secret) => Promise<Secret>): Promise<void> {
  let code = 70;
  try {
    harden();
    const job = await readSecret(0, jobLimit);
    const result = await act(job);
    await writeSecret(1, result);
    code = 0;
  } catch {
    // the exit code says it; there is nowhere to print to
  } finally {
    wipeAll();
    process.exit(code);
  }
}
